"""Everything that can be added to stoker: folder, abstract class, promise test and an example."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of thing that is one file."""

    title: str
    package: str
    """Package in which its files are found."""
    base: str
    """Its abstract class, as `module:Class` or the name of a class of the package."""
    test: str
    """The tests that run on it as soon as it exists, below `tests`."""
    examples: tuple[tuple[str, str], ...]
    """Files of `examples/extending`, and where each goes in the tree."""
    recipe: str = ""
    """A line of a recipe that names it as a user's own; empty: no recipe names it."""
    note: str = ""
    """What else to know."""
    types: str = ""
    """What goes in and comes out, where no abstract method says it."""

    @property
    def folder(self) -> str:
        """Folder of its files in the tree."""
        return "src/" + self.package.replace(".", "/")


def _kind(title: str, package: str, base: str, test: str, name: str, **more: str) -> Kind:
    """A kind whose one example goes into its own folder."""
    whole = f"stoker.{package}"
    place = f"src/{whole.replace('.', '/')}/{name}.py"
    return Kind(title, whole, base, test, ((name, place),), **more)


KINDS = (
    Kind(
        "Source",
        "stoker.data.acquire",
        "Source",
        "data/acquire/test_promise.py",
        (
            ("sqlite", "src/stoker/data/acquire/sqlite.py"),
            ("two_sales", "tests/data/acquire/two_records/sqlite.py"),
        ),
        recipe='data: {sources: [{"sqlite:Sqlite": {path: shop.db, query: SELECT ...}}]}',
        note="A bad record goes to `reading.rejects`, a wrong file is a `DataError`; "
        "`reading.label` is the name for both, and `files` has no need of it. `_line` is where a "
        "record stands in its file, from 1: the split and the report go by it. `seen_columns` "
        "names "
        "all columns of the rows, or gives None where a quick look cannot know them; `extent` is a "
        "`SourceExtent`, `exact` only where rows were counted. `endings`, `table_ending` and "
        "`read_options` are of use in the tree only: commands read a bare file by no module of "
        "yours. The promise test of a new file in the tree needs two records to read: a second new "
        "file, `tests/data/acquire/two_records/NAME.py`, writes them. What else a source can say "
        "of itself (columns, size, state, endings of files) has an honest default: not known.",
    ),
    Kind(
        "Cleaner",
        "stoker.data.clean",
        "RowCleaner",
        "data/clean/test_promise.py",
        (
            ("blank_rows", "src/stoker/data/clean/blank_rows.py"),
            ("blank_rows_example", "tests/data/clean/examples/blank_rows.py"),
        ),
        recipe='data: {clean: [{"blank_rows:BlankRows": {columns: [name, town]}}]}',
        note="It sees what sources gave, before the split and before any column is judged, and "
        "gives a `Cleaned`: `rejected` (made by `reject_rows`), `notes` (numbers for the report) "
        "and "
        "`mended` (the rows that stay, where it changed cells; absent: as they stood). What it "
        "rejects counts towards `data.max_lost`; towards `data.max_rejects` only with `unusable = "
        "True`, for data of which nothing can be made. To change cells that a served row has too, "
        "write a `FittedCleaner`, even if it learns nothing: a row cleaner is not in the bundle. "
        "`stoker.testing.dataset_of(folder, columns)` makes a dataset of a few rows, and "
        "`stoker.engine.read(dataset.rows_path)` the frame that `clean` takes. "
        "A cleaner that learns from the training part (a median, a bound) is a "
        "`FittedCleaner` instead: `fit` gives a `CleanerState`, which travels in the bundle; "
        "[missing.py](../src/stoker/data/clean/missing.py) is one.",
    ),
    _kind(
        "Feature",
        "features",
        "Feature",
        "features/test_promise.py",
        "letters",
        recipe='inputs: {name: "letters:Letters"}',
        note="`fit` gives a `FittedFeature`, or a `NumericFeature` where it is one number or "
        "several that networks are to scale. It is stored in the bundle, so whoever uses a bundle "
        "with a feature of your own names its module, as in `stoker serve MODEL --import letters`: "
        "a file never decides what is imported.",
    ),
    _kind(
        "Feature of tokens",
        "features",
        "Feature",
        "features/test_promise.py",
        "hashed_words",
        recipe='inputs: {remark: "hashed_words:HashedWords"}',
        note="Rows of any length are values end to end, and offsets at which rows begin. `holds` "
        "says what a network has to know of a tensor: numbers, codes, pixels or tokens. `mlp` and "
        "other networks read tokens by the mean of their vectors; one of your own brings a "
        "`reader`, made of `stoker.networks.ragged`.",
    ),
    _kind(
        "Task",
        "tasks",
        "Task",
        "tasks/test_promise.py",
        "log_regress",
        recipe='target: {price: "log_regress:LogRegress"}',
        note="`fit` gives a `FittedTask`, which owns the question: the width of the output, how "
        "targets are encoded and outputs decoded, the kind of answers, the loss.",
    ),
    Kind(
        "Kind of answers",
        "stoker.answers",
        "Answers",
        "tasks/test_promise.py",
        (
            ("ratios", "src/stoker/answers/ratios.py"),
            ("log_error", "src/stoker/evaluate/metrics/log_error.py"),
            ("ratio_regress", "src/stoker/tasks/ratio_regress.py"),
        ),
        note="No recipe names it: a task gives it and metrics take it, so a new kind comes with "
        "both. Its `loss_name` and `glance` are names of metrics, which is why it lives in the "
        "tree.",
    ),
    _kind(
        "Loss",
        "train.losses",
        "Loss",
        "train/losses/test_promise.py",
        "huber",
        recipe='train: {loss: "huber:Huber"}',
    ),
    Kind(
        "Metric",
        "stoker.evaluate.metrics",
        "Metric",
        "evaluate/metrics/test_promise.py",
        (
            ("within", "src/stoker/evaluate/metrics/within.py"),
            ("worst_class", "src/stoker/evaluate/metrics/worst_class.py"),
        ),
        recipe='evaluate: {metrics: ["within:Within"], gates: {"within:Within": ">= 0.7"}}',
        note="It is prepared once and asked under many draws, which count rows: that is how 1,000 "
        "resamples cost seconds. Numbers come as `answer_N`, `truth_N` and `error_N`; classes as "
        "`truth_N`, `answer_N` (by threshold or weights), `hit_N`, `confidence_N` and "
        "`probability_NK`. Count rows by `draw.weight_N` or `draw.mean`; `answers.tally(draw)` "
        "adds "
        "pseudo-rows to resamples, so only a metric made of its counts and nothing else takes it, "
        "and says `smoothed = True`. `takes_many = True` where `value` also takes counts of shape "
        "(R, N); `takes_skill = False` where an answer without inputs can be good at it; `place` "
        "orders tables (1000 is last). A file in the tree is measured in every run whose answers "
        "it "
        "takes; no recipe has to name it.",
    ),
    _kind(
        "Model",
        "models",
        "Network",
        "models/test_network_promise.py",
        "maxout",
        recipe='model: {"maxout:Maxout": {width: 32}}',
        note="A model that is no torch module is an `Estimator`: its `fit` gives a `Fitted` with "
        "an ONNX graph; [linear.py](../src/stoker/models/linear.py) is one.",
    ),
    _kind(
        "Optimiser",
        "train.optim",
        "Optimizer",
        "train/optim/test_optim.py",
        "sign_sgd",
        recipe='train: {optimizer: "sign_sgd:SignSgd"}',
    ),
    _kind(
        "Schedule",
        "train.schedules",
        "Schedule",
        "train/schedules/test_schedules.py",
        "linear_fall",
        recipe='train: {schedule: "linear_fall:LinearFall"}',
    ),
    _kind(
        "Augmentation",
        "train.augment",
        "ImageAugmentation",
        "train/augment/test_augment.py",
        "dim",
        recipe='train: {augment: [{"dim:Dim": {most: 0.3}}]}',
        note="One that blends rows and their targets is a `MixingAugmentation`; "
        "[mixup.py](../src/stoker/train/augment/mixup.py) is one.",
    ),
    _kind(
        "Sampler",
        "train.samplers",
        "Sampler",
        "train/samplers/test_promise.py",
        "some",
        recipe='train: {sampler: "some:Some"}',
        note="`stoker.testing.assert_equal_after_resume(sampler, rows)` proves of one of your own "
        "that a training that was killed goes on with the same batches.",
    ),
    _kind(
        "Strategy",
        "train.strategies",
        "Strategy",
        "train/strategies/test_promise.py",
        "half",
        recipe='train: {strategy: "half:Half"}',
        note="It starts an `Engine`, which owns weights, optimiser and devices; "
        "[step.py](../src/stoker/train/step.py) is the one of `single`, in 200 lines.",
    ),
    _kind(
        "Compressor",
        "compress",
        "Compressor",
        "compress/test_promise.py",
        "float16",
        recipe='compress: {methods: ["float16:Float16", int8]}',
        note="Whether a candidate is kept is not its business: all are scored and timed alike.",
    ),
    _kind(
        "Runtime",
        "bundle.runtimes",
        "Runtime",
        "bundle/test_runtimes.py",
        "reference",
        note="No recipe names it: `bundle.json` does, under `runtime`. A user's own is found as "
        "`module:Class` where the program has imported that module.",
    ),
    Kind(
        "Protocol",
        "stoker.serve.protocols",
        "Protocol",
        "serve/test_protocols.py",
        (
            ("lines", "src/stoker/serve/protocols/lines.py"),
            ("lines_asks", "tests/serve/asks/lines.py"),
        ),
        recipe='serve: {protocols: ["lines:Lines"]}',
        note="Every file of the folder is served by every server; keys, limits, deadlines and "
        "metrics hold for it without a line of its own.",
    ),
    _kind(
        "Stage",
        "stages",
        "stoker.dag.stage:Stage",
        "dag/test_edits.py",
        "thin",
        note="Its fields are the part of the recipe that it reads, and with the contents of its "
        "inputs and the source of all that its file imports they make its fingerprint. A key of "
        "its own in the recipe is one more line, in "
        "[recipe/model.py](../src/stoker/recipe/model.py).",
    ),
    _kind(
        "Verb",
        "cli.verbs",
        "stoker.cli.app:Verb",
        "cli/test_app.py",
        "size",
        types="words of the command line to lines and an exit code",
        note="The module has a click command `verb` of its own name; the first line of the file is "
        "the line in `stoker --help`, which imports none of them. `make fix` puts it into the "
        "[reference](reference/cli.md).",
    ),
    Kind(
        "Catalog table",
        "stoker.store.catalog",
        "stoker.store.catalog.subject:Subject",
        "store/catalog/test_migrations.py",
        (
            ("notes", "src/stoker/store/catalog/notes.py"),
            ("0003_notes", "src/stoker/store/catalog/migrations/versions/0003_notes.py"),
        ),
        types="a home, or the URL of a database, to rows",
        note="A table and the verbs on it are one file, and a second one makes the table where an "
        "older catalog is; the test compares the two.",
    ),
)
