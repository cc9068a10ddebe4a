"""``unstuck questions``: everything that can be asked. Register with ``app.command()(questions)``."""

from typing import Annotated

import typer


def questions(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with what each answer says.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Only plain ASCII signs and no colours.")] = False,
) -> None:
    """List every question with its answers and where to look, and every symptom.

    The ids are those of 'diagnose --answer', 'diagnose --answers FILE' and '--symptom'.
    """
    from unstuck.doctor.knowledge.loader import load

    if as_json:
        import json

        from unstuck.doctor.guide.catalogue import questions_document

        typer.echo(json.dumps(questions_document(load()), indent=2, ensure_ascii=False))
        return
    from rich.console import Console

    from unstuck.cli.page import Page

    page = Page(Console(no_color=plain or None, highlight=False), plain)
    for question in load().questions.values():
        page.paragraph(f"{question.text} ({question.id})", "bold")
        for answer in question.answers:
            page.paragraph(f"{question.id}={answer.id}: {answer.text}", indent=3)
        for platform, text in question.look_up.items():
            page.paragraph(f"{platform}: {text}", "dim", indent=3)
        page.blank()
    page.paragraph("Every question may also be answered with 'unsure'.")
    page.blank()
    page.paragraph("Symptoms", "bold")
    for symptom in load().symptoms.values():
        page.paragraph(f"{symptom.id}: {symptom.says}", indent=3)
