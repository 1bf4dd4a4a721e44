"""Serve: one process a worker that holds HTTP, a greedy batcher and the model.

`server.serve` starts the workers and keeps them alive; `asgi.make_app` is the ASGI application
alone.  Nothing here imports torch, Daft, pandas or anything of training.

    server ──spawns──► worker ──► connection (sockets, deadlines) ──► asgi (gate, routes)
                                                                        │
            protocols (rest, v2, ...) ──► routing ──► deployment ──► batcher ──► served_model
"""
