"""What stands under a lesson's title, what is folded, and the words with dots in its text."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import lesson_page
import nbformat
import pytest
from built_site import ROOT, Site, Visitor

from microgrand.exercises import given
from microgrand.programs import all_lessons


def test_the_minutes_grow_with_words_and_open_code() -> None:
    def lesson(words: int, lines: int, tags: str = "") -> str:
        prose = "# %% [markdown]\n# " + "word " * words
        return f"{prose}\n\n# %%{tags}\n" + "x = 1\n" * lines

    assert lesson_page.minutes_to_read(lesson(0, 0)) == 5
    assert lesson_page.minutes_to_read(lesson(220 * 9, 0)) == 10
    assert lesson_page.minutes_to_read(lesson(220 * 9, 30 * 4)) == 15
    folded = lesson(220 * 9, 30 * 40, ' tags=["collapse-input"]')
    assert lesson_page.minutes_to_read(folded) == 10


def test_the_lines_of_a_paragraph_do_not_count_their_marks() -> None:
    prose = "# %% [markdown]\n" + "# a word\n#\n" * 1100  # 2200 words
    assert lesson_page.minutes_to_read(prose) == 10


@pytest.mark.parametrize("name", all_lessons())
def test_the_commands_of_the_box_are_commands(name: str) -> None:
    flags = set(re.findall(r"--([a-z]+)", lesson_page.BOX)) - {"preset", "help"}
    assert flags == {"epochs"}
    assert flags <= {field.name for field in fields(given(name)["Settings"])}
    source = all_lessons()[name].read_text("utf-8")
    assert 15 <= lesson_page.minutes_to_read(source) <= 90


@pytest.mark.parametrize("name", all_lessons())
def test_a_lesson_says_how_to_run_it(name: str, site: Site) -> None:
    html = (site.folder / "lessons" / name / "index.html").read_text("utf-8")
    box = html[html.index('<div class="lesson-box">') : html.index("</ul>\n</div>")]
    assert html.index("</h1>") < html.index(box) < html.index("</h2>")
    assert f"<code>microgrand run {name}</code>" in box
    assert f'<a href="{name}.ipynb" download="{name}.ipynb">' in box
    for page in ("notation", "glossary"):
        assert f'href="../../{page}/"' in box


@pytest.mark.parametrize("name", all_lessons())
def test_words_and_works_of_a_lesson_lead_to_their_pages(name: str, site: Site) -> None:
    html = (site.folder / "lessons" / name / "index.html").read_text("utf-8")
    words = re.findall(r'<a class="term" href="../../glossary/#([a-z0-9-]+)" title="[^"]+">', html)
    assert len(words) >= 10
    assert len(set(words)) == len(words)  # the first use alone
    for quiet in re.findall(r"<(h[1-6]|pre|code|table|svg|figure)\b(.*?)</\1>", html, re.DOTALL):
        assert 'class="term"' not in quiet[1]
    for paragraph in re.findall(r"<(?:p|li)>(.*?)</(?:p|li)>", html, re.DOTALL):
        assert not any('class="term"' in formula for formula in paragraph.split("$")[1::2])
    further = html[html.rindex('id="further-reading"') :]
    assert further.count('<a class="work" href="../../bibliography/#') >= 5


def page_of(cell: Any, folder: Path) -> str:
    notebook = nbformat.v4.new_notebook(cells=[cell])
    nbformat.write(notebook, folder / "lesson.ipynb")
    return lesson_page.as_html(str(folder / "lesson.ipynb"))


def code_cell(shown: str, *tags: str) -> Any:
    output = nbformat.v4.new_output("display_data", {"text/html": shown})
    return nbformat.v4.new_code_cell("x", metadata={"tags": list(tags)}, outputs=[output])


CODE = '<div class="language-python highlight"><pre><code>x\n</code></pre></div>'
FIGURE, TABLE = "<figure></figure>", "<table></table>"


@pytest.mark.parametrize(
    ("tag", "shown", "summary"),
    [
        ("collapse-input", FIGURE, "Code of this figure"),
        ("collapse-input", TABLE, "Code of this table"),
        ("collapse-input", FIGURE + TABLE, "Code of this figure"),
        ("imports", "", "Imports"),
        ("settings", "", "Settings"),
        ("claims", TABLE, "Code of the claims"),
    ],
)
def test_code_is_folded_by_its_tag(tag: str, shown: str, summary: str, tmp_path: Path) -> None:
    html = page_of(code_cell(shown, "evidence", tag), tmp_path)
    _, rest = html.split(f'<details class="figure-code"><summary>{summary}</summary>')
    folded, after = rest.split("</details>")
    assert folded.strip() == CODE
    assert shown in after


@pytest.mark.parametrize("tag", ["solution", "check"])
def test_an_exercise_is_folded_with_its_output(tag: str, tmp_path: Path) -> None:
    html = page_of(code_cell(TABLE, tag), tmp_path)
    _, rest = html.split(f'<details class="{tag}"><summary>{tag.title()}</summary>')
    folded, _ = rest.split("</details>")
    assert folded.index(CODE) < folded.index(TABLE)


def test_other_code_is_open_or_left_out(tmp_path: Path) -> None:
    html = page_of(code_cell(TABLE, "evidence"), tmp_path)
    assert "<details" not in html
    assert html.index(CODE) < html.index(TABLE)
    hidden = page_of(code_cell(TABLE, "hide-input"), tmp_path)
    assert TABLE in hidden
    assert "<code>" not in hidden


@pytest.mark.parametrize("name", all_lessons())
def test_folded_code_is_named_after_what_it_makes(name: str, site: Site) -> None:
    html = (site.folder / "lessons" / name / "index.html").read_text("utf-8")
    folds = html.split('<details class="figure-code"><summary>')[1:]
    named = [fold for fold in folds if fold.startswith("Code of this ")]
    assert len(named) > 3
    for fold in named:
        makes = re.findall("<(table|figure)[ >]", fold.split('<div class="jp-Cell ')[0])
        what = "table" if makes and "figure" not in makes else "figure"
        assert fold.startswith(f"Code of this {what}<")
    others = {fold.split("<")[0] for fold in folds if fold not in named}
    assert others == {"Imports", "Settings", "Code of the claims"}


def test_guesses_and_exercises_fold_what_is_said_of_them(site: Site, visit: Visitor) -> None:
    for name in all_lessons():
        html = (site.folder / "lessons" / name / "index.html").read_text("utf-8")
        counts = [html.count(f'<details class="{k}"') for k in ("hint", "solution", "check")]
        assert len(set(counts)) == 1
        assert counts[0] >= 5
    with visit() as v:
        v.page.goto(site.url("lessons/curve"))
        for kind in ("option", "hint", "check"):
            fold = v.page.locator(f"details.{kind}").first
            inside = fold.locator("> :not(summary)").first
            assert not inside.is_visible()
            fold.locator("summary").click()
            assert inside.is_visible()


@pytest.mark.parametrize(("width", "floats"), [(1280, "right"), (390, "none")])
def test_a_side_note_stands_beside_the_text_where_there_is_room(
    site: Site, visit: Visitor, width: int, floats: str
) -> None:
    with visit(viewport={"width": width, "height": 844}) as v:
        for path, note in (("lessons/curve", "aside.why"), ("derivations/l1", ".admonition.why")):
            v.page.goto(site.url(path))
            found = v.page.locator(note).first
            assert found.evaluate("(e) => getComputedStyle(e).float") == floats


def test_the_hooks_are_in_their_order() -> None:
    hooks = re.findall(r"docs/hooks/(\w+)\.py", (Path(ROOT) / "mkdocs.yml").read_text("utf-8"))
    assert hooks.index("lesson_page") < hooks.index("reference")
