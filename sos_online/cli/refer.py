"""`sos-online refer`: expressions and words by a language model, ahead of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from typer.core import TyperGroup

from sos_online.cli.stream_options import (
    BackgroundsOption,
    LibraryOption,
    RecipeOption,
    SeedOption,
    SizeOption,
    open_dataset,
    open_library,
)
from sos_online.cli.terminal import errors, output, printable, progress_bar
from sos_online.data.asking import AskingReport, ModelServer, ask_all
from sos_online.data.asking.answer_format import AnswersManifest
from sos_online.data.asking.answer_writer import AnswerWriter
from sos_online.data.asking.paraphrases import paraphrases_manifest, read_texts, text_questions
from sos_online.data.asking.questions import Question, Unasked
from sos_online.data.asking.scenes import expressions_manifest, scene_questions
from sos_online.data.asking.segments import segment_questions, words_manifest
from sos_online.errors import SOSError


class _ExpressionsUnlessNamed(TyperGroup):
    """``refer --out …`` is ``refer expressions --out …``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["expressions", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_ExpressionsUnlessNamed, no_args_is_help=True)

OutOption = Annotated[Path, typer.Option("--out", "-o", help="Folder of the answers; gone on with if it is there.")]
ServerOption = Annotated[
    str, typer.Option("--server", help="An OpenAI-compatible server, such as http://localhost:8000/v1.")
]
ModelOption = Annotated[str, typer.Option("--model", help="Its name on the server.")]
KeyOption = Annotated[
    str | None, typer.Option("--api-key-env", help="Environment variable that holds the key; none is sent if absent.")
]
ConcurrencyOption = Annotated[int, typer.Option("--concurrency", help="Requests at once.", min=1, max=1024)]
TimeoutOption = Annotated[float, typer.Option("--timeout", help="Seconds for one request.", min=0.001)]
RetriesOption = Annotated[
    int, typer.Option("--retries", help="How often a request is sent again that may yet work.", min=0, max=100)
]
TemperatureOption = Annotated[
    float | None, typer.Option("--temperature", help="The server's own if absent.", min=0, max=2)
]
TokensOption = Annotated[int, typer.Option("--max-tokens", help="Of an answer, thinking aloud included.", min=1)]
RetryFailedOption = Annotated[
    bool, typer.Option("--retry-failed", help="Ask again about what failed in an earlier run.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]


@app.command()
def expressions(
    out: OutOption,
    server: ServerOption,
    model: ModelOption,
    count: Annotated[int, typer.Option("--count", "-n", help="Images, from the first sample on.", min=1)],
    library: LibraryOption = None,
    recipe: RecipeOption = None,
    backgrounds: BackgroundsOption = None,
    size: SizeOption = None,
    seed: SeedOption = 0,
    length: Annotated[
        int, typer.Option(help="Samples in an epoch; more are taken from the next epochs.", min=1)
    ] = 100_000,
    first: Annotated[int, typer.Option("--first", help="The sample to begin with.", min=0)] = 0,
    api_key_env: KeyOption = None,
    concurrency: ConcurrencyOption = 8,
    timeout: TimeoutOption = 300.0,
    retries: RetriesOption = 5,
    temperature: TemperatureOption = None,
    max_tokens: TokensOption = 8192,
    retry_failed: RetryFailedOption = False,
    json: JsonOption = False,
) -> None:
    """Referring expressions for the images of a stream. `sos-online refer --out …` is the same."""
    asked = _server(server, model, api_key_env, concurrency, timeout, retries, temperature, max_tokens)
    dataset = open_dataset(library, recipe, backgrounds, size, seed, length)
    manifest = expressions_manifest(dataset, model)
    _ask("images", scene_questions(dataset, count, first), count, out, manifest, asked, retry_failed, json)


@app.command()
def attributes(
    out: OutOption,
    server: ServerOption,
    model: ModelOption,
    library: LibraryOption = None,
    count: Annotated[
        int | None, typer.Option("--count", "-n", help="Segments to look at, from the first on; all if absent.", min=1)
    ] = None,
    images: Annotated[
        bool, typer.Option("--images", help="Send each segment's picture, to a model that can see.")
    ] = False,
    together: Annotated[int, typer.Option("--together", help="Segments in one request.", min=1, max=64)] = 8,
    api_key_env: KeyOption = None,
    concurrency: ConcurrencyOption = 8,
    timeout: TimeoutOption = 300.0,
    retries: RetriesOption = 5,
    temperature: TemperatureOption = None,
    max_tokens: TokensOption = 8192,
    retry_failed: RetryFailedOption = False,
    json: JsonOption = False,
) -> None:
    """A short phrase and features for the segments of a library that lack them."""
    asked = _server(server, model, api_key_env, concurrency, timeout, retries, temperature, max_tokens)
    opened = open_library(library)
    looked_at = len(opened) if count is None else min(count, len(opened))
    questions = segment_questions(opened, looked_at, images=images, together=together)
    manifest = words_manifest(opened, model, images)
    _ask("segments", questions, looked_at, out, manifest, asked, retry_failed, json)


@app.command()
def paraphrase(
    texts: Annotated[Path, typer.Argument(help="Text file, an expression a line.")],
    out: OutOption,
    server: ServerOption,
    model: ModelOption,
    number: Annotated[int, typer.Option("--number", help="Rewordings of each text, at most.", min=1, max=20)] = 3,
    together: Annotated[int, typer.Option("--together", help="Texts in one request.", min=1, max=64)] = 16,
    api_key_env: KeyOption = None,
    concurrency: ConcurrencyOption = 8,
    timeout: TimeoutOption = 300.0,
    retries: RetriesOption = 5,
    temperature: TemperatureOption = None,
    max_tokens: TokensOption = 8192,
    retry_failed: RetryFailedOption = False,
    json: JsonOption = False,
) -> None:
    """Other words for expressions, which must say neither more nor less."""
    asked = _server(server, model, api_key_env, concurrency, timeout, retries, temperature, max_tokens)
    read = read_texts(texts)
    manifest = paraphrases_manifest(model, number)
    _ask("texts", text_questions(read, number, together), len(read), out, manifest, asked, retry_failed, json)


def _server(
    url: str,
    model: str,
    api_key_env: str | None,
    concurrency: int,
    timeout: float,
    retries: int,
    temperature: float | None,
    max_tokens: int,
) -> ModelServer:
    return ModelServer.parse(
        url=url,
        model=model,
        api_key_env=api_key_env,
        concurrency=concurrency,
        timeout=timeout,
        retries=retries,
        temperature=temperature,
        max_tokens=max_tokens,
    )


def _ask(
    what: str,
    questions: Callable[[Callable[[str], bool]], Iterator[Question | Unasked | None]],
    total: int,
    out: Path,
    manifest: AnswersManifest,
    server: ModelServer,
    retry_failed: bool,
    json: bool,
) -> None:
    with AnswerWriter(out, manifest) as writer:
        with progress_bar(f"asking about {what}") as update:
            report = ask_all(questions, total, writer, server, retry_failed=retry_failed, progress=update)
        strange = writer.index.strange
    if json:
        output.print_json(data={**report.to_json(), "damaged_lines": strange})
    else:
        output.print(printable(_summary(report, what, out)), markup=False)
        _print_counts("failed", report.failed)
        _print_counts("dropped", report.dropped)
    if strange:
        errors.print(f"damaged lines that were passed over: {strange}", style="yellow", markup=False)
    if report.failed:
        raise SOSError(f"{report.failed.total()} of {total} {what} failed; --retry-failed asks about them again")


def _summary(report: AskingReport, what: str, out: Path) -> str:
    unproven = f" ({report.unproven} not proven in all they say)" if report.unproven else ""
    before = f", {report.failed_before} failed before (--retry-failed)" if report.failed_before else ""
    return (
        f"{what}: {report.answered} answered, {report.empty} with nothing that passed, {report.failed.total()} failed, "
        f"{report.there} were there{before}; "
        f"{report.kept} entries kept{unproven}, {report.dropped.total()} dropped: {out}"
    )


def _print_counts(title: str, counts: dict[str, int]) -> None:
    if not counts:
        return
    table = Table(title=title, box=None, show_header=False, title_justify="left")
    for reason, count in sorted(counts.items(), key=lambda item: -item[1]):
        table.add_row(str(count), printable(reason))
    output.print(table)
