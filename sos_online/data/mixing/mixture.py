"""A mixture: one stream out of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sos_online.data.mixing.names import JoinedVocabulary, join_categories
from sos_online.data.mixing.order import MixedOrder
from sos_online.data.mixing.quotas import Quotas
from sos_online.data.mixing.relabel import Relabelling
from sos_online.data.mixing.report import RowsLeftOut, VocabularyReport, vocabulary_report
from sos_online.data.mixing.schedule import END_OF_TIME, Schedule, check_weights
from sos_online.data.mixing.sources import JoinedFailures, categories_of, named_streams, pending_recipe
from sos_online.data.sample_iterator import Sample
from sos_online.data.shard import Ranks
from sos_online.data.stream import SampleStream, require
from sos_online.errors import LibraryError, StreamError
from sos_online.library import Vocabulary
from sos_online.recipe import Recipe
from sos_online.types import Target

Synonyms = Vocabulary | Mapping[str, Sequence[str]]


def mix(
    sources: Sequence[Any] | Mapping[str, Any],
    *,
    weights: Sequence[float] | None = None,
    schedule: Schedule | None = None,
    names: Sequence[str] | None = None,
    synonyms: Synonyms | None = None,
    length: int | None = None,
    seed: int = 0,
    block_size: int = 1,
    ranks: Ranks | None = None,
) -> MixedDataset:
    """One stream out of several, in given shares, with one vocabulary.

    Each source keeps its own order: what is drawn from it for the ``k``-th time, counted over all epochs of the
    mixture, is its sample ``k % len`` in its epoch ``k // len``. So a small set comes round again while a large one is
    still in its first epoch, and neither is cut where the mixture's epoch ends. Which source is drawn is a pure
    function of the seed and the position; at any position each has been drawn as often as is its share, to a few.

    Args:
        sources: datasets of the package, or map-style ones (:class:`MapStream` has their settings); or ``{name:
            dataset}``, else they are called by their classes.
        weights: relative share of each. Neither these nor a schedule: as their lengths, so that an epoch of the default
            length holds every sample once.
        schedule: weights that move while training goes on, see :class:`Schedule`.
        names: a fixed vocabulary: label ``i + 1`` is ``names[i]``, and rows of other categories are left out. Without
            it the vocabulary is all categories of all sources, those of the first one first.
        synonyms: which names are one category: ``{name: [other names or synsets]}``, or a ``Vocabulary``, such as
            ``read_vocabulary`` reads.
        length: samples in an epoch of the mixture; the sum of the sources' if None. An epoch is only where a loop ends:
            sources go on behind it.
        seed: of the order in which sources take turns.
        block_size, ranks: see :class:`SampleStream`.

    Raises:
        StreamError: an argument is wrong, or the sources do not go together.
    """
    streams = named_streams(sources)
    require("seed", seed, isinstance(seed, int) and 0 <= seed < 2**63, "an integer in 0 … 2**63 - 1")
    require("schedule", schedule, schedule is None or isinstance(schedule, Schedule), "a Schedule")
    if weights is not None and schedule is not None:
        raise StreamError("weights: expected none beside a schedule, which holds them")
    lengths = [stream.length for stream in streams.values()]
    if schedule is None:
        schedule = Schedule.constant(lengths if weights is None else check_weights("weights", weights))
    if schedule.sources != len(streams):
        what = "weights" if weights is not None else "schedule: weights"
        raise StreamError(f"{what}: expected one for each of the {len(streams)} sources, found {schedule.sources}")
    vocabulary = join_categories(
        [categories_of(name, stream) for name, stream in streams.items()], names=names, synonyms=as_table(synonyms)
    )
    return MixedDataset(
        streams,
        schedule,
        vocabulary,
        length=sum(lengths) if length is None else length,
        seed=seed,
        block_size=block_size,
        ranks=ranks,
    )


def as_table(synonyms: Synonyms | None) -> Vocabulary | None:
    """A table of synonyms as a vocabulary. Raises ``StreamError`` if it contradicts itself."""
    if synonyms is None or isinstance(synonyms, Vocabulary):
        return synonyms
    require("synonyms", synonyms, isinstance(synonyms, Mapping), "{name: [other names]}, or a Vocabulary")
    for name, others in synonyms.items():
        texts = isinstance(name, str) and isinstance(others, list | tuple) and all(isinstance(o, str) for o in others)
        require(f"synonyms: {name}", others, texts, "a list of names")
    try:
        return Vocabulary.of(synonyms)
    except LibraryError as error:
        raise StreamError(f"synonyms: {error}") from None


class MixedDataset(SampleStream):
    """Samples of several sources in one stream; made by :func:`mix`.

    ``target["source"]`` is the position of a sample's source in ``source_names``; labels are the mixture's, and so are
    LVIS' ``neg_category_ids`` and ``not_exhaustive_category_ids``. ``image_id`` stays the source's: it is unique
    together with ``source``.

    Images may be of several sizes, and batches then are lists, as torchvision's detectors take them.

    Attributes:
        schedule: the weights.
    """

    def __init__(
        self,
        streams: Mapping[str, SampleStream],
        schedule: Schedule,
        vocabulary: JoinedVocabulary,
        *,
        length: int,
        seed: int,
        block_size: int = 1,
        ranks: Ranks | None = None,
    ) -> None:
        super().__init__(length, block_size=block_size, ranks=ranks)
        self._source_names = list(streams)
        self.schedule = schedule
        self.failures = JoinedFailures([stream.failures for stream in streams.values()])
        self._streams = list(streams.values())
        self._vocabulary = vocabulary
        self._relabelling = [
            Relabelling(name, matches) for name, matches in zip(streams, vocabulary.matches, strict=True)
        ]
        self._rows_left_out = RowsLeftOut(len(streams))
        self._order = MixedOrder(Quotas(schedule), length, seed)
        self._seed = seed
        self._recipe = pending_recipe(streams)

    def __repr__(self) -> str:
        sources = ", ".join(self.source_names)
        return f"MixedDataset({sources}, seed={self._seed}, length={self.length:,}, epoch={self.epoch})"

    @property
    def source_names(self) -> list[str]:
        """What the sources are called, in their order."""
        return self._source_names

    def sample(self, index: int, epoch: int | None = None) -> Sample:
        """Any sample of any epoch, at any time, always the same; ``target["source"]`` says from where.

        Raises:
            StreamError: the index is not in the epoch.
            SOSError: whatever the source raises.
        """
        self.check_index(index)
        source, draw = self._order.at(self._position(self.epoch if epoch is None else epoch, index))
        stream, relabel = self._streams[source], self._relabelling[source]
        its_epoch, its_index = divmod(draw, stream.length)
        (image, target), before = stream.sample_for(its_index, its_epoch, relabel.unwanted)
        target, behind = relabel(target)
        if before or behind:
            self._rows_left_out.add(source, before + behind)
        target["source"] = source
        return image, target

    def counts(self, epoch: int, position: int | None = None) -> dict[str, int]:
        """How many of the first ``position`` samples of an epoch (all if None) are of each source; exact, at once."""
        position = self.length if position is None else position
        require("position", position, 0 <= position <= self.length, f"0 … {self.length}, the mixture's length")
        begin = self._order.counts(self._position(epoch, 0))
        end = self._order.counts(self._position(epoch, position))
        return {name: b - a for name, a, b in zip(self.source_names, begin, end, strict=True)}

    def places(self, epoch: int, position: int = 0) -> dict[str, tuple[int, int]]:
        """Where each source stands when the mixture is at ``position`` of an epoch: its own epoch and index, that of
        its next sample."""
        require("position", position, 0 <= position <= self.length, f"0 … {self.length}, the mixture's length")
        drawn = self._order.counts(self._position(epoch, position))
        return {
            name: divmod(draws, stream.length)
            for name, stream, draws in zip(self.source_names, self._streams, drawn, strict=True)
        }

    def shares(self, epoch: int, position: int = 0) -> dict[str, float]:
        """Share of each source, by the schedule, at a position of an epoch."""
        shares = self.schedule.shares_at(self._position(epoch, position))
        return dict(zip(self.source_names, shares, strict=True))

    def vocabulary_report(self) -> VocabularyReport:
        """What joined what, what joined nothing, and how many rows were left out so far; ``print`` it."""
        return vocabulary_report(self._vocabulary, self.source_names, self._rows_left_out)

    def labels_of(self, source: int) -> list[int]:
        """Labels that a source has, ascending. Of other categories its images say nothing: a row that is not there
        does not mean that the object is not there."""
        return self._relabelling[source].labels

    def annotated_labels(self, target: Target) -> set[int]:
        """Labels that the sample's source looked for; if its number was lost in a mixture of mixtures, those that all
        sources look for."""
        within = {key: value for key, value in target.items() if key != "source"}
        sources = [int(target["source"])] if "source" in target else range(len(self._streams))
        labels = []
        for source in sources:
            looked_for = set(self._streams[source].annotated_labels(within))
            matches = enumerate(self._vocabulary.matches[source], start=1)
            labels.append(set(self.labels_of(source)) - {m.label for part, m in matches if part not in looked_for})
        return set.intersection(*labels)

    def identity(self) -> dict[str, Any]:
        """What a position in this stream depends on: plain values, equal for equal streams."""
        return {
            "sources": [stream.identity() for stream in self._streams],
            "schedule": [[position, list(weights)] for position, weights in self.schedule.knots],
            "vocabulary": self._vocabulary.fingerprint(),
            "seed": self._seed,
            "length": self.length,
        }

    @property
    def parts(self) -> Sequence[SampleStream]:
        return self._streams

    def origin(self, index: int, epoch: int) -> tuple[SampleStream, int, int]:
        source, draw = self._order.at(self._position(epoch, index))
        its_epoch, its_index = divmod(draw, self._streams[source].length)
        return self._streams[source].origin(its_index, its_epoch)

    @property
    def category_names(self) -> Sequence[str]:
        return self._vocabulary.names

    @property
    def category_other_names(self) -> Sequence[Sequence[str]]:
        """What else each category is called, for a mixture that this one is a source of."""
        return self._vocabulary.other_names

    @property
    def device_recipe(self) -> Recipe | None:
        return self._recipe

    def _position(self, epoch: int, index: int) -> int:
        position = epoch * self.length + index
        require("epoch", epoch, epoch >= 0 and position < END_OF_TIME, f"0 … {END_OF_TIME // self.length - 1}")
        return position
