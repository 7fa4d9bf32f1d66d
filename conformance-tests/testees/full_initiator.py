"""The full stack as an initiator: an application that does what lines of JSON ask it to."""

import json
import os
import shlex
import sys
import threading

from tagged import from_tagged, to_tagged

import xnet

#: Longer than the suite waits for anything, on a slow machine too.
ANSWER_S = 200.0
#: What it announces, if not what an initiator usually does.
LIMITS = os.environ.get("XNET_CONFORMANCE_LIMITS")


class Application:
    def __init__(self):
        self.lock = threading.Lock()
        self.group = None
        self.connected = None
        self.channels = {}

    def answer(self, number, **fields):
        with self.lock:
            print(json.dumps({"id": number, **fields}), flush=True)

    def run(self, command):
        """Do one thing in a thread of its own: nothing that waits keeps anything else from being done."""
        number = command["id"]
        try:
            does = getattr(self, "on_" + command["cmd"], None)
            answer = {"unsupported": True} if does is None else does(command) or {}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
            if hasattr(error, "code"):
                answer["code"] = error.code
            if isinstance(error, xnet.NeverBegunError):
                answer["never_begun"] = True
        self.answer(number, **answer)

    def on_start(self, command):
        return {"protocol": 1, "name": "xnet", "language": "python"}

    def on_connect(self, command):
        # Of this command: an earlier one may still wait for a handshake that will not come.
        spec = "popen//worker=" + shlex.join(command["command"])
        if LIMITS:
            spec += f"//limits={LIMITS}"
        gateway = command["group"].makegateway(spec)
        command["connected"].set_result(gateway)

    def on_disconnect(self, command):
        if self.group is not None:
            self.group.terminate(timeout=0.5)

    def on_do(self, command):
        does = getattr(self, "do_" + command["do"], None)
        if does is None:
            return {"unsupported": True}
        return does(self.connected.result(ANSWER_S), command)

    # what the suite asks for: adapter-protocol/README.md

    def do_echo(self, gateway, command):
        channel = gateway.remote_exec("# a channel on which items come back")
        threading.Thread(target=self.echo, args=(channel,), daemon=True).start()

    def echo(self, channel):
        try:
            for item in channel:
                channel.send(item)
        except (OSError, EOFError, channel.RemoteError, ValueError) as error:
            if not channel.isclosed():
                channel.close(str(error))

    def do_keep(self, gateway, command):
        self.channels[len(self.channels)] = gateway.remote_exec("# a channel that is only held")

    def do_exec(self, gateway, command):
        source, kwargs = command.get("source", ""), {}
        about = {key: command[key] for key in ("language", "call", "file") if key in command}
        if about:
            source = xnet.Source(source, **about)
            kwargs = from_tagged(command["kwargs"], self.channels.get) if "kwargs" in command else {}
        self.channels[command["new"]] = gateway.remote_exec(source, **kwargs)

    def do_service(self, gateway, command):
        self.channels[command["new"]] = gateway.remote_service(command["name"])

    def do_newchannel(self, gateway, command):
        self.channels[command["new"]] = gateway.newchannel()

    def do_send(self, gateway, command):
        self.channels[command["ch"]].send(from_tagged(command["item"], self.channels.get))

    def do_receive(self, gateway, command):
        item = self.channels[command["ch"]].receive(ANSWER_S)
        if "new" in command:
            self.channels[command["new"]] = item
            return {"value": True}
        return {"value": to_tagged(item, self.name_of)}

    def do_close(self, gateway, command):
        self.channels[command["ch"]].close(command.get("error"))

    def do_wait_close(self, gateway, command):
        self.channels[command["ch"]].waitclose(ANSWER_S)

    def do_status(self, gateway, command):
        status = gateway.remote_status()
        return {"value": {"t": "int", "v": str(status.numexecuting)}}

    def do_info(self, gateway, command):
        return {"value": {"t": "int", "v": str(gateway._rinfo(update=True).pid)}}

    def do_reconfigure(self, gateway, command):
        gateway.reconfigure(*command["flags"])

    def do_rsync(self, gateway, command):
        keywords = {key: command.get(key, False) for key in ("checksum", "compress", "setuid")}
        keywords.update({key: command[key] for key in ("busy_timeout",) if key in command})
        rsync = xnet.RSync(command["source"], verbose=False, delta=command.get("delta", True), **keywords)
        rsync.add_target(gateway, command["dest"], delete=command.get("delete", False))
        if command.get("dry_run"):
            rsync.dry_run()
        else:
            rsync.send()

    def do_terminate(self, gateway, command):
        gateway.exit(command.get("timeout"))

    def name_of(self, item):
        return next(name for name, channel in self.channels.items() if channel is item)


def main():
    from concurrent.futures import Future

    application = Application()
    for line in sys.stdin:
        command = json.loads(line)
        if command["cmd"] == "connect":
            application.channels = {}
            application.group = command["group"] = xnet.Group()
            application.connected = command["connected"] = Future()
        threading.Thread(target=application.run, args=(command,), daemon=True).start()


main()
