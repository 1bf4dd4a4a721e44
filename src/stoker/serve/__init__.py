"""Serve: one process a worker that holds HTTP, a greedy batcher and the model.

`server.serve` starts the workers and keeps them alive; `app.make_app` is the ASGI application
alone.  Nothing here imports torch, Daft, pandas or anything of training.

    server ──spawns──► worker ──► connection (sockets, deadlines) ──► app (gate, routes)
                                                                        │
                                    protocols (rest, v2) ──► batcher ──► served_model ──► Predictor
"""
