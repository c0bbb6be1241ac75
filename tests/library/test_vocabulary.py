"""One vocabulary over all sources: which names are one category, and which id it has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sos_online as sos
from sos_online.library.sources import CategoryFacts
from sos_online.ops.names import fold
from tests.library.conftest import ENCODING, Listed, write_files

CUP = CategoryFacts(synset="cup.n.01", frequency="f", images=3, of_images=10, synonyms=("mug_(drink)",))


def numbered(vocabulary: sos.Vocabulary, *names: str, facts: Mapping[str, CategoryFacts] | None = None) -> list[str]:
    return [category.name for category in vocabulary.number(names, [facts or {}])]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), []),
        (("dog", "cat"), ["cat", "dog"]),  # sorted
        (("Dog", "dog", "cat_fish", "cat  fish"), ["cat  fish", "Dog"]),  # case, blanks and underscores join
        (("cafe\u0301", "caf\u00e9"), ["cafe\u0301"]),  # however Unicode composes it
    ],
)
def test_names_without_a_vocabulary(names: tuple[str, ...], expected: list[str]) -> None:
    assert numbered(sos.Vocabulary(), *names) == expected


def test_synonyms_are_one_category_shown_as_the_table_says() -> None:
    vocabulary = sos.Vocabulary.of({"person": ["Man", "woman"]})
    assert numbered(vocabulary, "man", "WOMAN", "dog") == ["dog", "person"]


def test_synsets_join_what_names_do_not() -> None:
    vocabulary = sos.Vocabulary.of({"cup": ["cup.n.01"]})
    (category,) = vocabulary.number(["teacup", "cup"], [{"teacup": CUP}])
    assert category.name == "cup"
    assert category.aliases == ("cup", "cup.n.01", "teacup")
    assert (category.facts.synset, category.facts.images) == ("cup.n.01", 3)


def test_settled_names_keep_their_ids_with_and_without_segments() -> None:
    vocabulary = sos.Vocabulary(("zebra", "ant"))
    assert numbered(vocabulary, "cat", "Zebra", "bee") == ["zebra", "ant", "bee", "cat"]


def test_facts_of_names_that_no_segment_has_make_no_category() -> None:
    assert numbered(sos.Vocabulary(), "cat", facts={"cup": CUP}) == ["cat"]


def test_facts_of_several_sources_add_up() -> None:
    other = CategoryFacts(synset="cup.n.99", images=1, of_images=5, synonyms=("beaker", "mug_(drink)"))
    (category,) = sos.Vocabulary().number(["cup", "Cup"], [{"Cup": CUP}, {"cup": other}])
    assert category.facts == CategoryFacts("cup.n.01", "f", 4, 15, ("mug_(drink)", "beaker"))


@given(st.lists(st.text(max_size=6).filter(str.strip), max_size=8), st.lists(st.text(max_size=6), max_size=8))
def test_every_name_finds_its_category_and_appending_moves_no_id(first: list[str], more: list[str]) -> None:
    first, more = list(filter(fold, first)), list(filter(fold, more))
    before = sos.Vocabulary().number(first, [])
    assert {fold(name) for name in first} == {alias for category in before for alias in category.aliases}
    joined = {alias: category.name for category in before for alias in category.aliases}
    settled = sos.Vocabulary(tuple(category.name for category in before), joined)
    after = settled.number([*first, *more], [])
    assert [category.name for category in after][: len(before)] == [category.name for category in before]


@pytest.mark.parametrize(
    ("synonyms", "match"),
    [
        ({"a": ["x"], "b": ["X"]}, "'X' stands for both 'a' and 'b'"),
        ({"a": ["b"], "b": ["c"]}, "'b' stands for both"),
    ],
)
def test_exception_for_a_name_that_stands_for_two(synonyms: dict[str, list[str]], match: str) -> None:
    with pytest.raises(sos.LibraryError, match=match):
        sos.Vocabulary.of(synonyms)


def test_images_of_joined_names_of_one_source_may_be_the_same() -> None:
    """300 and 500 of 1,000 images are 500 to 800: never more than there are, and of 1,000, not of 2,000."""
    said = [{"mug": CategoryFacts(images=300, of_images=1000), "cup": CategoryFacts(images=800, of_images=1000)}]
    (category,) = sos.Vocabulary.of({"cup": ["mug"]}).number(["mug", "cup"], said)
    assert (category.facts.images, category.facts.of_images) == (1000, 1000)


@pytest.mark.parametrize("synonyms", [{"cup": ["_"]}, {" ": ["cup"]}], ids=str)
def test_exception_for_a_name_that_is_none(synonyms: dict[str, list[str]]) -> None:
    """It would join whatever has no synset."""
    with pytest.raises(sos.LibraryError, match="nothing but blanks"):
        sos.Vocabulary.of(synonyms)


def test_exception_for_settled_names_that_are_one() -> None:
    with pytest.raises(sos.LibraryError, match="two of the 2 names"):
        sos.Vocabulary(("cat", "Cat"))


# in libraries


def build(out: Path, *names: str, vocabulary: sos.Vocabulary | None = None) -> sos.SegmentLibrary:
    return sos.build_library(out, [Listed("s", names)], encoding=ENCODING, vocabulary=vocabulary)


def test_a_library_of_joined_names(tmp_path: Path) -> None:
    facts = {"teacup": CUP}
    source = Listed("s", ["man", "teacup", "Person", "cup"], facts=facts)
    vocabulary = sos.Vocabulary.of({"person": ["man"], "cup": ["cup.n.01"]})
    library = sos.build_library(tmp_path / "out", [source], encoding=ENCODING, vocabulary=vocabulary)
    assert library.category_names == ["cup", "person"]
    assert [library.key(row) for row in range(4)] == ["s1", "s3", "s0", "s2"]
    assert library.category_image_shares[0] == pytest.approx(0.3)
    assert library.category_image_shares[1] != library.category_image_shares[1]  # nobody says: nan


def test_what_else_a_category_is_called(tmp_path: Path) -> None:
    """Own names and joined ones are of one category each; synonyms that sources state may be of several."""
    facts = {
        "computer mouse": CategoryFacts(synonyms=("mouse", "cup")),
        "house mouse": CategoryFacts(synonyms=("mouse", "House_Mouse", "rodent")),
    }
    source = Listed("s", ["teacup", "computer mouse", "house mouse"], facts=facts)
    vocabulary = sos.Vocabulary.of({"Cup": ["mug", "teacup", "cup.n.01"], "sofa": ["couch"]})
    library = sos.build_library(tmp_path / "out", [source], encoding=ENCODING, vocabulary=vocabulary)
    assert library.category_names == ["computer mouse", "Cup", "house mouse"]
    assert library.categories_by_name() == {
        **dict.fromkeys(["cup", "mug", "teacup", "cup.n.01"], (2,)),  # not a synonym of the first
        "computer mouse": (1,),
        "house mouse": (3,),
        "mouse": (1, 3),
        "rodent": (3,),
    }


def test_a_recipe_names_a_category_by_what_is_joined_in_it(tmp_path: Path) -> None:
    library = build(tmp_path / "out", "mug", "dog", vocabulary=sos.Vocabulary.of({"cup": ["mug", "cup.n.01"]}))
    for name in ("mug", "Cup", "cup.n.01"):
        choice = {"weights": {"kind": "named", "names": {name: 1}, "others": 0}}
        dataset = sos.SOSDataset(library, sos.Recipe().replace(choice=choice, light=None), length=3)
        assert {placed.category for index in range(3) for placed in dataset.scene(index).placements} == {1}
    with pytest.raises(
        sos.RecipeError, match=r"names\.couch: the library has no such category: expected one of cup, dog"
    ):
        sos.SOSDataset(
            library, sos.Recipe().replace(choice={"weights": {"kind": "named", "names": {"couch": 1}}}), length=1
        )


def test_names_can_be_asked_for_after_an_append(tmp_path: Path) -> None:
    """By those who opened the library before: its tables of then are removed."""
    library = build(tmp_path / "out", "dog")
    sos.append_to_library(tmp_path / "out", [Listed("t", ["ant"])])
    assert library.categories_by_name() == {"dog": (1,)}


def test_ids_of_an_earlier_library(tmp_path: Path) -> None:
    """Rebuilt with more and with fewer names, a category keeps its id; it may be empty."""
    first = build(tmp_path / "first", "dog", "cat", vocabulary=sos.Vocabulary.of({"cat": ["kitten"]}))
    vocabulary = sos.read_vocabulary(ids_from=first.root)
    second = build(tmp_path / "second", "ant", "kitten", "bee", vocabulary=vocabulary)
    assert second.category_names == ["cat", "dog", "ant", "bee"]
    assert second.category_starts.tolist() == [0, 1, 1, 2, 3]
    assert [second.category_of(row) for row in range(3)] == [1, 3, 4]
    dataset = sos.SOSDataset(second, sos.Recipe().replace(choice={"by": "category"}, light=None), length=8)
    drawn = {placement.category for index in range(8) for placement in dataset.scene(index).placements}
    assert drawn == {1, 3, 4}


# files


def test_vocabulary_files(tmp_path: Path) -> None:
    write_files(tmp_path, {"s.yaml": b"cup: [mug, cup.n.01]\n", "ids.txt": "\ufeffzebra\n\n\u00e4ffchen\n".encode()})
    vocabulary = sos.read_vocabulary(tmp_path / "s.yaml", tmp_path / "ids.txt")
    assert vocabulary.names == ("zebra", "\u00e4ffchen")
    assert vocabulary.joined == {"cup": "cup", "mug": "cup", "cup.n.01": "cup"}
    assert sos.read_vocabulary() == sos.Vocabulary()


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "expected names with lists"),
        (b"[a]", "expected names with lists"),
        (b"a: b", "a: expected a list of names, found 'b'"),
        (b"a: [1]", "a: expected a list of names"),
        (b"1: [a]", "expected a name, found 1"),
        (b"{", "cannot be read: not YAML"),
        (b"\xff", "cannot be read: not YAML"),
        (b"zebra: [dog]\nhorse: [zebra]", "stands for both"),
        (b"horse: [zebra]", "'zebra' stands for 'horse', but has an id of its own"),
    ],
)
def test_exception_for_a_table_of_synonyms(tmp_path: Path, content: bytes, match: str) -> None:
    write_files(tmp_path, {"s.yaml": content, "ids.txt": b"zebra"})
    with pytest.raises(sos.LibraryError, match=rf"s\.yaml: .*{match}"):
        sos.read_vocabulary(tmp_path / "s.yaml", tmp_path / "ids.txt")


@pytest.mark.parametrize(
    ("path", "match"),
    [("absent.txt", "cannot be read"), ("twice.txt", "two of the 2 names"), ("empty", "not a segment library")],
)
def test_exception_for_ids(tmp_path: Path, path: str, match: str) -> None:
    write_files(tmp_path, {"twice.txt": b"a\nA\n", "empty/x": b""})
    with pytest.raises(sos.LibraryError, match=rf"{path}.*{match}"):
        sos.read_vocabulary(ids_from=tmp_path / path)
