"""The command ``xnet-conformance``: one module for each subcommand."""

from __future__ import annotations

import signal
import sys

import click

from xnet_conformance import __version__
from xnet_conformance.cli.explaining import explain, list_cases
from xnet_conformance.cli.matrices import export, matrix
from xnet_conformance.cli.mutants import mutants
from xnet_conformance.cli.reporting import report
from xnet_conformance.cli.running import run, smoke
from xnet_conformance.cli.starting import doctor, fixtures, new_testee, raw_client
from xnet_conformance.errors import CannotStart, CaseError, UsageError
from xnet_conformance.reports.terminal import printable
from xnet_conformance.results import EXIT_HARNESS, EXIT_NOT_STARTED, EXIT_USAGE


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def group() -> None:
    """Test an implementation of the xnet protocol, requirement by requirement.

    Exit status: 0 no failures, 1 something failed, 2 wrong usage or an unknown name, 3 the suite itself is
    wrong, 4 the testee could not be started, 5 nothing was evaluated.
    """


for command in (
    doctor,
    new_testee,
    fixtures,
    raw_client,
    run,
    smoke,
    report,
    matrix,
    mutants,
    list_cases,
    explain,
    export,
):
    group.add_command(command)


def main() -> None:
    """Run the command line."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell ignores it for background jobs: testees would inherit that, and cases send them SIGINT.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        # The group returns what a command passed to Context.exit.
        sys.exit(group(standalone_mode=False) or 0)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_USAGE)
    except UsageError as error:
        click.echo(f"xnet-conformance: {error}", err=True)
        sys.exit(EXIT_USAGE)
    except CaseError as error:
        click.echo(f"xnet-conformance: the suite itself is wrong: {error}", err=True)
        sys.exit(EXIT_HARNESS)
    except CannotStart as error:
        click.echo(printable(f"xnet-conformance: the testee did not start: {error}"), err=True)
        sys.exit(EXIT_NOT_STARTED)
