"""The command line `smecredit`: each command is loaded when it is called, so that `--help` is quick."""

from __future__ import annotations

import codecs
import importlib
import sys
from io import TextIOWrapper
from typing import Final, TextIO

import click

from smecredit.problems import Expected

# Where each command lives, and its line in the help.
COMMANDS: Final = {
    "up": ("running", "Start the suite in the foreground; Ctrl-C stops all of it."),
    "backup": ("saving", "Back the suite up, while it runs, to a folder or an object store."),
    "jobs": ("working", "Show what waits, runs or failed in the queues, and who works there."),
    "restore": ("saving", "Bring a backup back into an empty home."),
    "reseal": ("saving", "Seal the secrets that are kept with the newest key, or with a new one."),
    "demo": ("running", "Start, load data, train, score, match, and show the result."),
    "verify": ("checking", "Check all that is kept: databases, ledgers, lakes, files, models."),
    "rebuild": ("checking", "Make the lake again from the files received, and swap it in."),
    "rebucket": ("checking", "Divide the lake into another number of buckets."),
    "import": ("data", "Import files: enterprises, invoices, outcomes, a workbook."),
    "preview": ("previewing", "Look at a file before it is imported, and save its mapping."),
    "withdraw-import": ("data", "Take an import back: its rows end, as if it had not been sent."),
    "grant": ("sourcing", "As the operator: let a source send kinds of data by lawful channels."),
    "grants": ("sourcing", "List what sources may send."),
    "end-grant": ("sourcing", "As the operator: end such a grant at once."),
    "book": ("governing", "Show as of which day files are read, or set it as the operator."),
    "sandbox": ("data", "Write a synthetic economy to a folder."),
    "portrait": ("reading", "Show an enterprise's credit portrait."),
    "class": ("supervising", "Show an enterprise's class for supervision, A to D, with reasons."),
    "index": ("supervising", "Show the integrity index by month, region and industry."),
    "publish-index": ("supervising", "As the operator: publish months of the integrity index."),
    "graph": ("tying", "Show who is tied to an enterprise, by trade and by register."),
    "graph-features": ("tying", "Show what an enterprise's ties say of its risk, figure by figure."),
    "controllers": ("controlling", "Show who owns and controls an enterprise, through all chains."),
    "group": ("controlling", "Show the control group of an enterprise and its close links."),
    "partner-shifts": ("shocking", "Show which of its partners would lower a firm's risk."),
    "exposures": ("shocking", "As a bank: show or state what you lent to whom, for alerts of contagion."),
    "screen": ("screening", "Show which bidders of a tender belong together: hints, with evidence."),
    "supplier-record": ("screening", "Show how a supplier has kept its contracts."),
    "shock": ("shocking", "Show whom the failure of firms, an industry or a region would reach."),
    "bods": ("controlling", "Print an enterprise's owners and controllers as BODS 0.4 (JSON)."),
    "rings": ("circling", "Show the rings of invoices that an enterprise, or any firm open to you, is on."),
    "score": ("reading", "Score an enterprise, with reasons."),
    "way-up": ("reading", "Show how a firm reaches a grade, month by month, from its latest score."),
    "receipt": ("proving", "Print the signed receipt of a score."),
    "verify-receipt": ("proving", "Prove a receipt: its signature, and its score made again bit for bit."),
    "ledger": ("proving", "Write what the ledger holds of you, with its proofs, to a file."),
    "score-proof": ("proving", "Write the proof that the score ledger holds a score, to a file."),
    "verify-ledger": ("proving", "Prove such a file with the ledger's public key and nothing else."),
    "consent": ("consenting", "As a firm: let a bank or platform read your file, on your terms."),
    "dispute": ("correcting", "As a firm: dispute a record of your own file."),
    "disputes": ("correcting", "List disputes, with the days that are left to decide them."),
    "decide": ("correcting", "As the operator: decide a dispute and answer it in writing."),
    "repair": ("correcting", "As the operator: take a repaired public record out of every answer."),
    "notices": ("correcting", "List what you have to be told: corrections, repairs, terms."),
    "match": ("reading", "Find the bank products that fit an enterprise's need."),
    "apply": ("applying", "Hand in one dossier for products of several banks."),
    "applications": ("applying", "List the applications that you are a party of."),
    "application": ("applying", "Show an application with every move and every offer."),
    "offer": ("applying", "As a bank: offer terms for an application."),
    "accept": ("applying", "Accept an offer by its number."),
    "move": ("applying", "Submit, review, decline, withdraw, or report the end of a loan."),
    "disburse": ("applying", "As a bank: say what was paid out."),
    "churn": ("planning", "Import the bank's churn curves: how many customers a rate loses."),
    "allocate": ("planning", "Divide a budget over many enterprises, with a proof."),
    "train": ("modelling", "Train a model on the firms with outcomes."),
    "approve": ("governing", "Approve a model that somebody else trained."),
    "rollback": ("governing", "Take the serving model back; the one before serves again."),
    "counting": ("governing", "Show or set what counts where your orders do not say."),
    "drift": ("governing", "Report whether a model still fits and was right."),
    "models": ("modelling", "List the models."),
    "replay-alerts": ("alerts", "Measure the early-warning signals on a past period."),
    "evaluate": ("modelling", "Measure the pipeline on labelled firms by repeated cross-validation."),
}
INTERRUPTED: Final = 130
PREVIEW: Final = "--preview"
# What stands for a sign that a terminal lacks.
STAND_INS: Final = {"¥": "￥", "−": "-", "–": "-", "•": "·", "✓": "√"}


class _Commands(click.Group):
    """Knows its commands by name and loads their module on the first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all commands, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"smecredit.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Let `import --preview` be the look at a file that `preview` is."""
        if args[0] == "import" and PREVIEW in args:
            args = ["preview", *(word for word in args[1:] if word != PREVIEW)]
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=_Commands)
@click.version_option(package_name="smecredit", prog_name="smecredit")
def commands() -> None:
    """Give small firms credit portraits, explained scores and fitting bank products.

    中小微企业信用画像与融资匹配。
    """


def speak(*streams: TextIO) -> None:
    """Let these streams write what their terminal has where it lacks a sign, as one of GBK lacks `¥`."""
    codecs.register_error("stand-in", _stand_in)
    for stream in streams:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="stand-in")


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    lacking = error.object[error.start : error.end]
    found = (STAND_INS.get(sign, "?") for sign in lacking)
    return "".join(each if each.encode(error.encoding, "ignore") else "?" for each in found), error.end


def main() -> None:
    """Run the command line: 0 done, 1 refused or failed, 2 wrong use, 3 rows rejected, 130 interrupted."""
    speak(sys.stdout, sys.stderr)
    try:
        code = commands.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except Expected as error:
        click.echo(f"error: {error}", err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
