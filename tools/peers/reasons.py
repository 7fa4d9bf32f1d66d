"""Why tests of execnet's own suite cannot pass with xnet: what they are about is not there, or not the same.

The migration guide has the same list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: Reason -> the tests, as JUnit calls them, without their parameters or with the beginning of them.
EXECNET: Final[Mapping[str, tuple[str, ...]]] = {
    "makes channels, or looks at the table of channels, by `_channelfactory`": (
        "testing.test_basics.TestPureChannel::test_factory_create",
        "testing.test_basics.TestPureChannel::test_factory_getitem",
        "testing.test_basics.TestPureChannel::test_channel_timeouterror",
        "testing.test_basics.TestPureChannel::test_channel_makefile_incompatmode",
        "testing.test_channel.TestChannelBasicBehaviour::test_channel__local_close",
        "testing.test_channel.TestChannelBasicBehaviour::test_channel__local_close_error",
        "testing.test_channel.TestChannelBasicBehaviour::test_channel_passing_over_channel",
        "testing.test_gateway.TestBasicGateway::test_gateway_status_no_real_channel",
    ),
    "makes a `Channel` or a `WorkerGateway` of parts": (
        "testing.test_multi.TestMultiChannelAndGateway::test_multichannel_container_basics",
        "testing.test_basics::test_exectask",
    ),
    "runs the text of `gateway_base` alone in another interpreter, or speaks with `popen_bootstrapline`": (
        "testing.test_basics::test_io_message",
        "testing.test_basics::test_popen_io",
        "testing.test_basics::test_geterrortext",
        "testing.test_basics::test_subprocess_interaction",
    ),
    "starts a program that imports execnet by its folder, without the alias": (
        "testing.test_termination::test_terminate_implicit_does_trykill",
        "testing.test_termination::test_close_initiating_remote_no_error",
    ),
    "looks for execnet's own lines in a traceback or in the trace": (
        "testing.test_gateway.TestPopenGateway::test_remoteerror_readable_traceback",
        "testing.test_gateway.TestTracing::test_popen_filetracing",
        "testing.test_gateway.TestTracing::test_popen_stderr_tracing",
    ),
    "replaces what execnet looks up in its modules, or puts something else into its lists": (
        "testing.test_basics::test_serializer_api_version_error",
        "testing.test_gateway.TestSshPopenGateway::test_sshconfig_config_parsing",
        "testing.test_multi.TestMultiChannelAndGateway::test_Group_execmodel_setting",
        "testing.test_multi.TestGroup::test_basic_group",
    ),
    "compares a command line that is otherwise: `ssh` without `-C`, another `popen_bootstrapline`": (
        "testing.test_xspec.TestXSpec::test_ssh_options_and_config",
        "testing.test_xspec.TestXSpec::test_vagrant_options",
        "testing.test_xspec.TestXSpec::test_popen_with_sudo_python",
    ),
}


def reason_of(test: str, reasons: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return why a test cannot pass with xnet, or None if no reason is known."""
    name = test.partition("[")[0]
    for reason, tests in reasons.items():
        if name in tests:
            return reason
    return None
