# SPDX-License-Identifier: MIT
"""Checks that a file is a SARIF 2.1.0 log as far as crashinject writes one: every object has the members that
the standard demands and none that it does not know, and numbers that stand for others do.

usage: check_sarif.py FILE
"""
import json
import re
import sys

# object: (members that have to be there, members that may), and what is in them; "*" is a list, "str" and so
# on are plain values. From the OASIS standard's text.
OBJECTS = {
    "log": ({"version": "str", "runs": "*run"}, {"$schema": "uri"}),
    "run": ({"tool": "tool"}, {"results": "*result", "invocations": "*invocation",
                               "automationDetails": "details", "originalUriBaseIds": "bases"}),
    "tool": ({"driver": "driver"}, {}),
    "driver": ({"name": "str"}, {"version": "str", "rules": "*rule"}),
    "rule": ({"id": "str"}, {"shortDescription": "message"}),
    "details": ({}, {"id": "str"}),
    "bases": ({}, {"SOURCE_ROOT": "artifact"}),
    "invocation": ({"executionSuccessful": "bool"}, {"toolExecutionNotifications": "*notification"}),
    "notification": ({"message": "message"}, {"level": "level"}),
    "message": ({"text": "str"}, {}),
    "result": ({"message": "message"}, {
        "ruleId": "str", "ruleIndex": "int", "level": "level", "locations": "*location",
        "relatedLocations": "*location", "partialFingerprints": "strings", "properties": "any",
        "stacks": "*stack", "suppressions": "*suppression"}),
    "location": ({}, {"id": "int", "physicalLocation": "place", "logicalLocations": "*logical",
                      "message": "message"}),
    "place": ({"artifactLocation": "artifact"}, {"region": "region"}),
    "artifact": ({"uri": "uri"}, {"uriBaseId": "str"}),
    "region": ({"startLine": "line"}, {}),
    "logical": ({"name": "str"}, {"kind": "str"}),
    "stack": ({"frames": "*frame"}, {"message": "message"}),
    "frame": ({"location": "location"}, {"module": "str"}),
    "suppression": ({"kind": "suppressed"}, {"justification": "str"}),
}

URI = re.compile(r"(file:///|https://)?(%[0-9A-F]{2}|[A-Za-z0-9/._~-])+")

PLAIN = {
    "any": lambda value: True,
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: isinstance(value, int) and value >= 0,
    "line": lambda value: isinstance(value, int) and value >= 1,
    "level": lambda value: value in ("none", "note", "warning", "error"),
    "suppressed": lambda value: value in ("inSource", "external"),
    "strings": lambda value: all(isinstance(item, str) for item in value.values()),
    "uri": lambda value: isinstance(value, str) and URI.fullmatch(value),
}


def check(value, kind, where):
    if kind.startswith("*"):
        assert isinstance(value, list), where
        for i, item in enumerate(value):
            check(item, kind[1:], f"{where}[{i}]")
    elif kind in PLAIN:
        assert PLAIN[kind](value), f"{where} is {value!r}"
    else:
        demanded, known = OBJECTS[kind]
        assert isinstance(value, dict), where
        assert demanded.keys() <= value.keys(), f"{where} lacks {demanded.keys() - value.keys()}"
        for name, member in value.items():
            assert name in demanded or name in known, f"{where} has {name}"
            check(member, demanded.get(name) or known[name], f"{where}.{name}")


def check_numbers(run):
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"], result["ruleIndex"]
        assert len(result["locations"]) == 1
        for location in result["locations"] + result["relatedLocations"]:
            base = location.get("physicalLocation", {}).get("artifactLocation", {}).get("uriBaseId")
            assert base is None or base in run["originalUriBaseIds"], base


with open(sys.argv[1], encoding="utf-8") as file:
    log = json.load(file)
assert log["version"] == "2.1.0"
check(log, "log", "log")
for each in log["runs"]:
    check_numbers(each)
