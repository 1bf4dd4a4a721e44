"""Texts read by a transformer that has read millions of others.

Any encoder of the BERT family in a folder of Hugging Face: BERT, MiniLM, E5, RoBERTa, XLM-R,
ELECTRA, DistilBERT.  It makes one vector of each text; on that, and on numbers, categories and
pictures beside it, stands a linear layer.  `layers` says how much of it learns: none (its vectors
are made once, and only the linear layer is fitted), the last few, or all.

Where vectors are asked for (`embed`), they are its own, brought to length 1, and no layer is added.
It is then used as it was read unless training makes it better on the validation part.

The input's feature is `tokens: {tokenizer: FOLDER/tokenizer.json}`, the tokeniser that it learned
with.  It reads as many tokens as it knows positions, mostly 510; how much of longer texts is not
read, is said.

Cost: MiniLM (6 layers of 384) takes 11 million multiplications to read a token, three times as many
to learn from it.

Source: Howard and Ruder 2018, https://arxiv.org/abs/1801.06146; Reimers and Gurevych 2019,
https://arxiv.org/abs/1908.10084
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from stoker.core.errors import RecipeError
from stoker.models import Habits, TokenReading
from stoker.models._encoder_files import EncoderFiles
from stoker.models._text_network import warn_of_cut

if TYPE_CHECKING:
    from torch import nn

    from stoker.candidates.conditions import Conditions
    from stoker.candidates.fitted import Fitted
    from stoker.data.prepare.prepared_set import PreparedSet
    from stoker.features import FittedFeature, TokenIds
    from stoker.networks.token_network import Reader
    from stoker.tasks import FittedTask, OutputSpec


class Encoder(TokenReading):
    """A pretrained transformer under a linear layer."""

    takes_pictures = True
    needs_ragged = True
    gives_vectors = True

    habits: ClassVar[Habits] = Habits(
        epochs={"fast": 1, "good": 1, "best": 2},
        batch_size=32,
        rate=5e-5,
        weight_decay=0.01,
        ema=None,
        patience=2,
        clips_tables=1.0,
        moves="none",
    )

    path: Path
    """Folder with `config.json`, `tokenizer.json` and `model.safetensors`."""
    layers: Annotated[int, Field(ge=0)] | None = None
    """Last layers that learn; 0: none, only a linear layer on fixed vectors; absent: all of it."""
    pooling: Literal["mean", "first"] = "mean"
    """How vectors of tokens become one: their mean, or that of the first place."""

    def build(self, features: Mapping[str, FittedFeature], num_outputs: int) -> nn.Module:
        """The encoder with its weights, and a linear layer that answers 0 until it is trained.

        Raises:
            DataError: If the folder cannot be read.
            RecipeError: If a column's tokens are not those of the encoder.
        """
        from stoker.models._encoder_build import build

        return build(self, features, num_outputs)

    def build_for(self, features: Mapping[str, FittedFeature], output: OutputSpec) -> nn.Module:
        """As `build`, or with an output of each token.

        Raises:
            DataError: If the folder cannot be read.
            RecipeError: If a column's tokens are not those of the encoder.
        """
        from stoker.models._encoder_build import check_tokens

        check_tokens(self, features)
        return super().build_for(features, output)

    def reader(self, tokens: TokenIds) -> Reader:
        """The encoder with its weights."""
        from stoker.models._encoder_build import reader

        return reader(self)

    def untrained(self) -> Encoder:
        """The encoder as it was read."""
        return self.model_copy(update={"layers": 0})

    @property
    def files(self) -> EncoderFiles:
        """Its folder."""
        return EncoderFiles(self.path)

    def fit(
        self,
        train: PreparedSet,
        validation: PreparedSet,
        task: FittedTask,
        *,
        under: Conditions,
    ) -> Fitted:
        """Train it by the loop of `stoker.train`, or fit the linear layer alone.

        Raises:
            RecipeError: If no column holds tokens.
        """
        if not train.ragged:
            raise RecipeError(
                "encoder needs a column of texts",
                expected="an input whose feature is tokens",
                fix=f"write `COLUMN: {{tokens: {{tokenizer: {self.path}/tokenizer.json}}}}`",
            )
        longest = int(self.files.config.get("max_position_embeddings", 512)) - 2
        warn_of_cut(train, longest, "encoder")
        if task.output.is_free:
            from stoker.models._encoder_build import fit_vectors

            return fit_vectors(self, (train, validation), task, under)
        if self.layers == 0 and task.output.column is None:
            from stoker.models._encoder_build import fit_frozen

            return fit_frozen(self, (train, validation), task, under)
        return super().fit(train, validation, task, under=under)
