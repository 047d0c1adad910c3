"""`microgrand data`: what there is, a sheet of samples, and what need not be fetched."""

from pathlib import Path

from calling import Command


def test_data_list_names_each_set_its_terms_and_whether_it_is_here(
    microgrand: Command, tmp_path: Path
) -> None:
    said = microgrand("data", "list", "--folder", ".")
    assert (said.code, said.err) == (0, "")
    for words in ("digits", "patches", "mnist", "cifar10", "stl10", ".npz", "CC BY 2.0"):
        assert words in said.out
    assert said.out.count("installed") == 2
    assert said.out.count("not here") == 3
    (tmp_path / "stl10").mkdir()
    (tmp_path / "stl10" / "stl10_binary.tar.gz").touch()
    said = microgrand("data", "list", "--folder", ".")
    assert said.out.count("not here") == 2
    assert str(Path("stl10/stl10_binary.tar.gz")) in said.out


def test_data_show_writes_a_sheet_and_says_where(microgrand: Command, tmp_path: Path) -> None:
    said = microgrand("data", "show", "digits", "--out", "sheets")
    assert said.code == 0
    assert said.out.splitlines()[-1] == str(Path("sheets/digits.png"))
    assert "1437 images to train with, 360 to test with, 8×8×1" in said.out
    assert "\nvalues from 0 to 1\n" in said.out
    assert (tmp_path / "sheets" / "digits.png").read_bytes()[1:4] == b"PNG"
    said = microgrand("data", "show", "digits", "--out", "a.svg", "--samples", "3")
    assert said.out.splitlines()[-1] == "a.svg"
    assert "<svg" in (tmp_path / "a.svg").read_text("utf-8")


def test_data_show_prints_the_credits_of_the_photographs(microgrand: Command) -> None:
    said = microgrand("data", "show", "patches", "--samples", "1")
    assert said.code == 0
    for words in ("Rachel Michetti", "danielbuechele", "CC BY 2.0", "public domain"):
        assert words in said.out


def test_data_fetch_of_what_is_offline_has_nothing_to_do(
    microgrand: Command, tmp_path: Path
) -> None:
    said = microgrand("data", "fetch", "digits", "--folder", ".")
    assert (said.code, said.err) == (0, "")
    assert "microgrand data show digits" in said.out
    assert list(tmp_path.iterdir()) == []
