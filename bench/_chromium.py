"""A real Chromium without a window, driven over its own pipe: keys go in, what stands in the page comes out.

No package is needed, only the browser: `chromium`, `chromium-browser` or `google-chrome` on the PATH. It speaks the
DevTools protocol (https://chromedevtools.github.io/devtools-protocol) on two pipes, messages ended by a zero byte.
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_PRESSED = {  # key: what Chromium wants to know of it
    "Enter": (13, "\r"), "Escape": (27, ""), "Tab": (9, ""), "Backspace": (8, ""), " ": (32, " "),
    "ArrowLeft": (37, ""), "ArrowUp": (38, ""), "ArrowRight": (39, ""), "ArrowDown": (40, ""),
    "Home": (36, ""), "End": (35, ""), "PageDown": (34, ""), "PageUp": (33, ""),
}  # fmt: skip
_MODIFIERS = {"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8}


def found() -> str | None:
    """Return the browser's program; None if there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """A page of a browser that is started for it. Use as a context manager.

    width, height: px. dark: whether it prefers dark colours.
    """

    def __init__(self, width: int = 1280, height: int = 800, dark: bool = False) -> None:
        self._size, self._dark = (width, height), dark
        self._number, self._buffer = 0, b""
        self.told: list[dict[str, Any]] = []  # events that were not waited for

    def __enter__(self) -> Self:
        self._home = tempfile.mkdtemp(prefix="genga-chromium-")
        down, up = os.pipe(), os.pipe()  # we write into the one, and read from the other

        def place() -> None:
            first, second = os.dup(down[0]), os.dup(up[1])
            os.dup2(first, 3)
            os.dup2(second, 4)

        program = found()
        if program is None:
            raise FileNotFoundError(f"no {', '.join(NAMES)} on the PATH")
        self._process = subprocess.Popen(
            [
                program, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-dev-shm-usage", "--disable-background-networking", "--hide-scrollbars", "--mute-audio",
                f"--user-data-dir={self._home}", f"--window-size={self._size[0]},{self._size[1]}", "about:blank",
            ],
            preexec_fn=place, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(down[0])
        os.close(up[1])
        self._write, self._read = down[1], up[0]
        self._session = ""
        targets = self.send("Target.getTargets")["targetInfos"]
        page = next(one["targetId"] for one in targets if one["type"] == "page")
        self._session = self.send("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Performance"):
            self.send(f"{domain}.enable")
        self.send("Emulation.setDeviceMetricsOverride", width=self._size[0], height=self._size[1], deviceScaleFactor=1,
                  mobile=False)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if self._dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._write)
        os.close(self._read)
        shutil.rmtree(self._home, ignore_errors=True)

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Tell the browser something, and return its answer. Raises RuntimeError for an error."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") != self._number:
                self.told.append(answer)
                continue
            if "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']['message']}")
            return dict(answer["result"])

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            part = os.read(self._read, 1 << 16)
            if not part:
                raise RuntimeError("the browser has ended")
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(message))

    def open(self, address: str) -> None:
        """Go to an address, and wait until the page is there."""
        self.told.clear()
        self.send("Page.navigate", url=address)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, script: str) -> Any:
        """Return what a script says; of a promise what it comes to."""
        answer = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    def wait(self, script: str, seconds: float = 20.0) -> Any:
        """Return what a script says, as soon as that is true. Raises TimeoutError naming it."""
        until, why = time.monotonic() + seconds, ""
        while time.monotonic() < until:
            try:
                if (value := self.run(script)) or value == {}:  # which is what an element looks like from here
                    return value
                why = ""
            except RuntimeError as error:  # a page that is on its way has nothing to ask yet
                why = f" ({str(error).splitlines()[0]})"
            time.sleep(0.02)
        raise TimeoutError(f"not so after {seconds:.0f} s: {script}{why}")

    def press(self, *keys: str) -> None:
        """Press keys one after another: `a`, `Enter`, `Shift+ArrowRight`."""
        for key in keys:
            *held, name = key.split("+") if key != "+" else ["+"]
            modifiers = sum(_MODIFIERS[one] for one in held)
            code, text = _PRESSED.get(name, (ord(name.upper()) if len(name) == 1 else 0, name))
            said: dict[str, Any] = {"key": name, "modifiers": modifiers, "windowsVirtualKeyCode": code}
            if text and not modifiers & ~8:
                said["text"] = text
            self.send("Input.dispatchKeyEvent", type="keyDown", **said)
            self.send("Input.dispatchKeyEvent", type="keyUp", key=name, modifiers=modifiers, windowsVirtualKeyCode=code)

    def type(self, text: str) -> None:
        """Type a text, letter by letter."""
        for letter in text:
            self.send("Input.dispatchKeyEvent", type="keyDown", key=letter, text=letter)
            self.send("Input.dispatchKeyEvent", type="keyUp", key=letter)

    def faults(self) -> list[str]:
        """Return what the browser complained about: scripts that failed, what its policy forbade."""
        found = []
        for one in self.told:
            if one.get("method") == "Runtime.exceptionThrown":
                details = one["params"]["exceptionDetails"]
                found.append(details.get("exception", {}).get("description") or details["text"])
            elif one.get("method") == "Log.entryAdded" and one["params"]["entry"]["level"] == "error":
                found.append(f"{one['params']['entry']['text']} {one['params']['entry'].get('url', '')}")
        return found

    def picture(self, path: str | Path) -> None:
        """Write what is to be seen as a PNG."""
        Path(path).write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))
