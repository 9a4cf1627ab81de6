# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""sfi-station and a browser, for tests: Chromium, driven by Selenium."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import (
    ElementClickInterceptedException, ElementNotInteractableException,
    StaleElementReferenceException, TimeoutException)
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

sys.path.insert(0, os.path.join(os.environ["SFI_TEST_SOURCE"],
                                "tests", "programs"))
from check import PROGRAMS, SOURCE, case, main, run, same  # noqa: E402, F401

PATIENCE_S = 30  # a busy machine; nothing waits so long when all is well

AXE = "/usr/local/share/axe-core/axe.min.js"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
WIDTHS = (320, 1280, 2560)

# The elements of a role (or tag) that can be seen and whose accessible name is
# or begins with a text.
FIND = """
const [role, name, whole] = arguments;
const tags = {button: 'button, summary, input[type=submit]', link: 'a[href]',
  textbox: 'input:not([type]), input[type=text], input[type=password], '
    + 'input[type=number], input[type=search], textarea',
  combobox: 'select', checkbox: 'input[type=checkbox]',
  radio: 'input[type=radio]', heading: 'h1, h2, h3, h4, h5',
  dialog: 'dialog', group: 'fieldset, article', file: 'input[type=file]',
  img: 'svg', table: 'table', option: 'option', listitem: 'li'};
const words = (s) => s.replace(/\\s+/g, ' ').trim();
const named = (node) => {
  const by = node.getAttribute('aria-labelledby');
  if (by) {
    return by.split(/ +/).map((id) =>
      document.getElementById(id)?.textContent || '').join(' ');
  }
  if (node.ariaLabel) return node.ariaLabel;
  if (node.labels?.length) return node.labels[0].textContent;
  const first = node.querySelector(':scope > legend, :scope > caption, '
    + ':scope > title');
  if (first) return first.textContent;
  const copy = node.cloneNode(true);
  copy.querySelectorAll('[aria-hidden=true]').forEach((n) => n.remove());
  return copy.textContent || node.value || node.title || '';
};
return [...document.querySelectorAll(
  `[role=${role}], ` + (tags[role] || role))].filter((node) => node.checkVisibility() && ((n) =>
    whole ? n === name : n.startsWith(name))(words(named(node))));
"""


class Station:
    """A running sfi-station with folders of its own."""

    def __init__(self, *options: str, folder: str | None = None) -> None:
        self.home = tempfile.mkdtemp(prefix="sfi-test-")
        self.folder = folder or os.path.join(self.home, "files")
        os.makedirs(self.folder, exist_ok=True)
        self.options = options
        self.start()

    def start(self, *options: str) -> None:
        """Also again, after stop() or kill()."""
        self.process = subprocess.Popen(
            [os.path.join(PROGRAMS, "sfi-station"), *self.options, *options,
             self.folder],
            stdout=subprocess.PIPE, text=True, cwd=self.home)
        assert self.process.stdout is not None
        self.operator = self.process.stdout.readline().split()[-1]
        self.viewer = self.process.stdout.readline().split()[-1]
        self.origin = self.operator.partition("/#")[0]

    def path(self, *names: str) -> str:
        """Of a file in the folder that the page may see."""
        return os.path.join(self.folder, *names)

    def stop(self) -> int:
        self.process.terminate()
        code = self.process.wait(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


class Client:
    """The requests of a page, without a browser."""

    def __init__(self, station: Station, link: str | None = None) -> None:
        self.station = station
        self.cookie = self.key = ""
        link = link or station.operator
        code, answer, headers = self.send(
            "POST", "session/begin", {"token": link.partition("#")[2]})
        assert code == 200, answer
        self.key = answer["key"]
        self.cookie = headers["Set-Cookie"].partition(";")[0]

    def send(self, method: str, path: str, body: Any = None,
             headers: dict[str, str] | None = None
             ) -> tuple[int, Any, dict[str, str]]:
        """The status, the answer (JSON if it is), and its headers."""
        more = {"Origin": self.station.origin, "Cookie": self.cookie,
                "X-Station-Key": self.key, **(headers or {})}
        data = body
        if not isinstance(body, (bytes, type(None))):
            data = json.dumps(body).encode()
            more.setdefault("Content-Type", "application/json")
        connection = HTTPConnection(self.station.origin.partition("//")[2],
                                    timeout=PATIENCE_S)
        connection.request(method, "/api/" + path, data, more)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.headers.get_content_type() == "application/json" and content:
            return answer.status, json.loads(content), dict(answer.headers)
        return answer.status, content, dict(answer.headers)

    def get(self, path: str) -> Any:
        code, answer, _ = self.send("GET", path)
        assert code == 200, (code, answer)
        return answer

    def post(self, path: str, body: Any = None, expect: int = 200) -> Any:
        code, answer, _ = self.send("POST", path, body or {})
        assert code == expect, (code, answer)
        return answer


class Page:
    """A tab of a Chromium without a window."""

    def __init__(self, link: str, width: int = 1280, height: int = 900,
                 dark: bool = False) -> None:
        options = Options()
        self.profile = tempfile.mkdtemp(prefix="sfi-test-")
        for word in ("--headless=new", "--no-sandbox", "--disable-gpu",
                     "--disable-dev-shm-usage", "--no-first-run",
                     "--disable-background-networking",
                     "--disable-component-update", "--disable-extensions",
                     f"--window-size={width},{height}",
                     f"--user-data-dir={self.profile}"):
            options.add_argument(word)
        if dark:
            options.add_argument("--force-dark-mode")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(
            service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.get(link)

    def find(self, css: str) -> WebElement:
        """As soon as it is there and can be seen."""
        def seen(_: object) -> WebElement | bool:
            for node in self.driver.find_elements(By.CSS_SELECTOR, css):
                if node.is_displayed():
                    return node
            return False
        found = WebDriverWait(self.driver, PATIENCE_S, 0.15).until(seen, css)
        assert isinstance(found, WebElement)
        return found

    def named(self, role: str, name: str, whole: bool = False) -> WebElement:
        """The first element of this role whose name begins so; soon."""
        found = self.wait(lambda: self.run(FIND, role, name, whole),
                          f"{role} {name!r}")
        assert isinstance(found[0], WebElement)
        return found[0]

    def has(self, role: str, name: str, whole: bool = False) -> bool:
        return bool(self.run(FIND, role, name, whole))

    def press(self, name: str, role: str = "button") -> None:
        """Click what has this name, once it can be clicked."""
        def pressed() -> bool:
            try:
                node = self.named(role, name)
                if not free(node):
                    return False
                node.click()
            except (ElementClickInterceptedException,
                    ElementNotInteractableException,
                    StaleElementReferenceException):
                return False
            return True
        self.wait(pressed, f"{role} {name!r} to press")

    def type(self, name: str, text: str) -> None:
        """Into the field with this label, and on to the next one."""
        node = self.named("textbox", name)
        node.clear()
        node.send_keys(text, Keys.TAB)

    def keys(self, *keys: str) -> None:
        """To whatever has the focus."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, role: str, name: str) -> None:
        """Press Tab until this element has the focus, which can be seen."""
        node = self.named(role, name)
        arrived = "return document.activeElement === arguments[0]"
        # Ten at once: those that come after the element are stopped there.
        self.run("""const node = arguments[0];
            window.stopTab = (e) => {
              if (document.activeElement !== node) return;
              e.preventDefault();
              e.stopImmediatePropagation();
            };
            addEventListener('keydown', stopTab, true);""", node)
        for _ in range(40):
            if self.run(arrived, node):
                self.run("removeEventListener('keydown', stopTab, true)")
                seen = "return arguments[0].matches(':focus-visible')"
                # what is told meanwhile may draw it anew
                self.wait(lambda: self.run(seen, node),
                          f"focus of {name!r} is not seen")
                return
            ActionChains(self.driver).send_keys(Keys.TAB * 10).perform()
        raise AssertionError(f"Tab does not lead to {role} {name!r}")

    def says(self, text: str) -> None:
        """Wait until the page shows this."""
        self.wait(lambda: text in self.run("return document.body.innerText"),
                  f"the page does not say {text!r}")

    def go(self, screen: str) -> None:
        """To a screen, as a bookmark does."""
        self.run("location.hash = arguments[0]", screen)
        self.find(f"#screen-{screen} h1")

    def size(self, width: int, height: int = 900) -> None:
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1,
            "mobile": False})

    def scheme(self, name: str) -> None:
        """"light" or "dark"."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [
                {"name": "prefers-color-scheme", "value": name},
                {"name": "prefers-reduced-motion", "value": "reduce"}]})

    def axe(self, *rules: str) -> list[str]:
        """What bars people from this page, a line each: all, or of rules."""
        if not os.path.exists(AXE):
            raise AssertionError(f"{AXE} is missing: run scripts/setup test")
        if not self.run("return 'axe' in window"):
            with open(AXE, encoding="utf-8") as file:
                self.run(file.read())
        found = self.driver.execute_async_script("""
            const done = arguments[1];
            axe.run(document, {runOnly: arguments[0],
                               resultTypes: ['violations']})
              .then((r) => done(r.violations.flatMap((v) => v.nodes.map((n) =>
                `${v.id}: ${n.target.join(' ')}: ${[...n.any, ...n.all,
                  ...n.none].map((c) => c.message).join(' ')}`))),
                (e) => done([String(e)]));""", list(rules) or AXE_TAGS)
        assert isinstance(found, list)
        return found

    def look(self, name: str, *widths: int) -> list[str]:
        """What axe finds in light, and in dark, which differs in contrast; and
        what is wider than the page. Pictures at these widths."""
        self.scheme("dark")
        wrong = [f"{name}, dark: {line}" for line in self.axe("color-contrast")]
        self.screenshot(name + "-dark")
        self.scheme("light")
        wrong += [f"{name}, light: {line}" for line in self.axe()]
        for width in WIDTHS:
            self.size(width)
            wide, high = self.run(
                "scrollTo(0, 0); const root = document.documentElement;"
                "return [root.scrollWidth, root.scrollHeight]")
            if wide > width:
                wrong.append(f"{name}: {wide} pixels wide at {width}")
            if width in widths:
                self.size(width, max(480, min(high, 1600)))
                self.screenshot(f"{name}-{width}")
        self.size(1280)
        return wrong

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def wait(self, what: Callable[[], Any], message: str = "") -> Any:
        """Until it is true; a picture of the page if it never is."""
        try:
            return WebDriverWait(self.driver, PATIENCE_S, 0.15).until(
                lambda _: what(), message)
        except TimeoutException:
            self.screenshot("failed")
            raise

    def text(self, css: str) -> str:
        return self.find(css).text

    def run(self, script: str, *args: Any) -> Any:
        return self.driver.execute_script(script, *args)

    def errors(self) -> list[str]:
        """What Chromium complained about: a script, the policy, a request."""
        return [row["message"] for row in self.driver.get_log("browser")
                if row["level"] == "SEVERE"]

    def screenshot(self, name: str) -> None:
        """Kept in the folder SFI_TEST_SCREENSHOTS, if it is set."""
        folder = os.environ.get("SFI_TEST_SCREENSHOTS")
        if folder:
            os.makedirs(folder, exist_ok=True)
            self.driver.save_screenshot(os.path.join(folder, name + ".png"))

    def close(self) -> None:
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)


def free(button: WebElement) -> bool:
    """It can be pressed, and does not work: else a press is lost."""
    return button.is_enabled() and not button.get_attribute("aria-busy")


def answers(origin: str) -> bool:
    """Something listens there."""
    try:
        urllib.request.urlopen(origin, timeout=PATIENCE_S).close()
    except OSError:
        return False
    return True
