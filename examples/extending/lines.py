"""`POST /lines`: a CSV file in, an answer a line out, for a shell without a JSON tool."""

from stoker.serve.messages import Answer
from stoker.serve.openapi import Described
from stoker.serve.protocols import Protocol
from stoker.serve.request_rows import table_of_csv
from stoker.serve.routes import post

TEXT = b"text/plain; charset=utf-8"


class Lines(Protocol):
    """Plain text."""

    prefix = "/lines"

    def routes(self, deployments):
        """Its one path."""

        async def ask(request):
            deployment = deployments.choose(request)
            body, model = await deployment.read(request), deployment.model
            rows = table_of_csv(body, model.cells, deployment.settings.max_rows, model.target, {})
            answers = await deployment.answer(request, rows)
            lines = map(str, answers.columns["prediction"])
            return Answer("\n".join(lines).encode(), content_type=TEXT)

        return {"/lines": post("/lines", ask)}

    def error(self, refusal):
        """What is wrong, in a line."""
        return Answer(f"error: {refusal.what}".encode(), refusal.status, TEXT, refusal.headers)

    def openapi(self, deployments):
        """What the document says of it."""
        text = {"content": {"text/plain": {}}}
        wrong = {"description": "What is wrong.", **text}
        said = {"200": {"description": "An answer a line.", **text}, "default": wrong}
        return Described({"/lines": {"post": {"responses": said}}}, {})
