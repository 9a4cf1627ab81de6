/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* In place of furo's: Debian's is a module, which a page of a folder cannot load. */
"use strict";

const themes = ["auto", "light", "dark"];

function cycleTheme() {
    const now = themes.indexOf(document.body.dataset.theme);
    const next = themes[(now + 1) % themes.length];

    document.body.dataset.theme = next;
    localStorage.setItem("theme", next);
}

function addSkipLink() {
    const link = document.createElement("a");

    document.querySelector("[role=main]").id = "content";
    link.className = "skip";
    link.href = "#content";
    link.textContent = "Skip to the content";
    document.body.prepend(link);
}

/* What scrolls can be scrolled by keyboard. */
function makeReachable() {
    for (const box of document.querySelectorAll("pre, .table-wrapper"))
        if (box.scrollWidth > box.clientWidth)
            box.tabIndex = 0;
}

function nameSidebars() {
    for (const [where, name] of [[".sidebar-drawer", "Pages"],
                                 [".toc-drawer", "On this page"]])
        document.querySelector(where)?.setAttribute("aria-label", name);
}

document.addEventListener("DOMContentLoaded", () => {
    document.documentElement.classList.remove("no-js");
    addSkipLink();
    nameSidebars();
    makeReachable();
    addEventListener("resize", makeReachable);
    for (const button of document.getElementsByClassName("theme-toggle")) {
        button.title = "Light, dark, or as the system is";
        button.addEventListener("click", cycleTheme);
    }
});
