#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Enforces what a compiler does not: who may include whom, and a few rules of style.

    tests/tidy/tidy.py ROOT       prints each violation as file:line: what and why; ends with 1 if any
"""
import fnmatch
import os
import re
import sys

# Who may include whom. A folder may include itself and what its row names: a folder by its name, a
# folder with all below it by a name that ends in /**, or one header. The row with the longest name
# counts, a star stands for one name; a folder without a row is a violation.
INCLUDES = [
    # folder                        may include
    ("core/base",                  []),
    ("core/event",                 ["core/base"]),
    ("core/filter",                ["core/base", "core/event"]),
    ("core/config",                ["core/base"]),
    ("core/storage",               ["core/base"]),  # bytes, never Event
    ("core/egress",                ["core/base"]),
    ("core/tls",                   ["core/base"]),
    ("core/http",                  ["core/base", "core/tls"]),
    ("core/plugin",                ["core/base"]),
    ("core/admin",                 ["core/base", "core/config", "core/http", "core/plugin"]),
    ("core/sense",                 ["core/base", "core/event", "core/config"]),
    ("core/sense/transport",       ["core/base", "core/config", "core/sense"]),
    ("core/sense/dtls",            ["core/base", "core/tls", "core/sense", "core/sense/transport"]),
    ("core/subscription",          ["core/base", "core/event", "core/filter"]),
    ("core/bus",                   ["core/base", "core/event", "core/config",
                                    "core/subscription"]),
    ("core/registry",              ["core/base", "core/event", "core/subscription", "core/bus"]),
    ("broker",                     ["core/**", "broker/**"]),
    ("broker/accounts",            ["core/**", "broker/registry", "broker/security"]),
    ("broker/external",            ["core/**", "broker/journal", "broker/security"]),
    ("broker/audit",               ["core/**"]),
    ("broker/journal",             ["core/**", "broker/accounts", "broker/audit", "broker/registry",
                                    "broker/security"]),
    ("broker/registry",            ["core/**"]),
    ("broker/listeners",           ["core/**"]),
    ("broker/security",            ["core/**", "broker/audit", "broker/listeners"]),
    ("gateways/api",               ["core/**"]),
    ("gateways/host",              ["core/**", "gateways/api", "gateways/host/**"]),
    ("gateways/host/engine",       ["core/**", "gateways/api", "gateways/host/engine/owners",
                                    "gateways/host/engine/queue"]),
    ("gateways/host/engine/owners", ["core/**", "gateways/api"]),
    ("gateways/host/engine/queue", ["core/**"]),
    ("gateways/host/notices",      ["core/**", "gateways/host/engine"]),
    ("gateways/host/records",      ["core/**", "gateways/api", "gateways/host/store"]),
    ("gateways/host/store",        ["core/**", "gateways/api", "gateways/host/engine"]),
    ("gateways/host/subscriptions", ["core/**", "gateways/api", "gateways/host/engine",
                                     "gateways/host/store"]),
    ("gateways/host/dead_letters", ["core/**", "gateways/host/engine", "gateways/host/notices",
                                    "gateways/host/store"]),
    ("gateways/host/failover",     ["core/**", "gateways/host/store"]),
    ("gateways/host/feeds",        ["core/**", "gateways/api", "gateways/host/engine",
                                    "gateways/host/engine/owners", "gateways/host/store"]),
    ("gateways/sense",             ["core/**", "gateways/api", "gateways/sense/admission",
                                    "gateways/sense/delivery", "gateways/sense/dtls",
                                    "gateways/sense/model"]),
    ("gateways/sense/model",       ["core/**", "gateways/api"]),
    ("gateways/sense/admission",   ["core/**", "gateways/api", "gateways/sense/model"]),
    ("gateways/sense/delivery",    ["core/**", "gateways/api", "gateways/sense/admission",
                                    "gateways/sense/model"]),
    ("gateways/sense/dtls",        ["core/**", "gateways/api", "gateways/sense/admission",
                                    "gateways/sense/model"]),
    ("gateways/sense/client",      []),  # C for small machines: knows nothing of this tree
    ("gateways/http",              ["core/**", "gateways/api", "gateways/http/callbacks",
                                    "gateways/http/cloudevents", "gateways/http/feeds",
                                    "gateways/http/management", "gateways/http/websub"]),
    ("gateways/http/callbacks",    ["core/**", "gateways/api", "gateways/http/cloudevents"]),
    ("gateways/http/cloudevents",  ["core/**"]),
    ("gateways/http/feeds",        ["core/**", "gateways/api", "gateways/http/management"]),
    ("gateways/http/management",   ["core/**", "gateways/api", "gateways/http/cloudevents"]),
    ("gateways/http/websub",       ["core/**", "gateways/api", "gateways/http/callbacks"]),
    ("gateways/*",                 ["core/**", "gateways/api"]),  # a plugin
    ("adapters/api",               ["core/**"]),
    ("adapters/host",              ["core/**", "adapters/api"]),
    ("adapters/*",                 ["core/**", "adapters/api"]),  # a plugin
    ("cli",                        ["cli/**"]),
    ("cli/base",                   ["core/**"]),
    ("cli/bus",                    ["core/**", "cli/base", "cli/config"]),
    ("cli/config",                 ["core/**", "cli/base", "broker", "broker/security",
                                    "gateways/api", "gateways/host", "adapters/api",
                                    "adapters/host"]),
    ("cli/daemons",                ["core/**", "cli/base", "cli/config", "broker",
                                    "gateways/api", "gateways/host", "adapters/api",
                                    "adapters/host"]),
    ("cli/sense",                  ["core/**", "cli/base", "cli/bus"]),
    ("cli/listen",                 ["core/**", "cli/base", "cli/sense"]),
    ("cli/publish",                ["core/**", "cli/base", "cli/bus", "cli/sense"]),
    ("cli/subscriptions",          ["core/**", "cli/base", "cli/bus", "cli/config"]),
    ("cli/dead_letters",           ["core/**", "cli/base", "cli/bus", "cli/config",
                                    "gateways/host/store"]),
    ("cli/journal",                ["core/**", "cli/base", "cli/config", "broker/journal"]),
    ("cli/keys",                   ["core/**", "cli/base", "cli/config", "broker/security"]),
    ("cli/filter",                 ["core/**", "cli/base"]),
    ("cli/bench",                  ["core/**", "cli/base"]),
    ("cmake",                      []),
    ("docs/*",                     []),  # examples are for others: they know nothing of this tree
    ("tests",                      ["core/**", "broker/**", "gateways/**", "adapters/**", "cli/**",
                                    "tests/**"]),
    ("tests/**",                   ["core/**", "broker/**", "gateways/**", "adapters/**", "cli/**",
                                    "tests/**"]),
]

# Third-party headers, and the folders or files that may include them. Tests may include any.
LIBRARIES = [
    # header               may be included in
    ("zmq*",              ["core/bus", "broker", "tests/bench/bus/plain_subscriber.cpp"]),
    ("msgpack*",          ["core/event", "core/bus", "broker"]),
    ("sqlite3*",          ["core/storage"]),
    ("curl/*",            ["core/egress", "core/base/uri.cpp"]),
    ("zlib.h",            ["core/http/content_coding.cpp"]),
    ("yaml-cpp/*",        ["core/config"]),
    ("gmime/*",           ["gateways/email"]),
    ("nlohmann/*",        ["*.cpp"]),  # heavy: never in a header
    ("simdjson.h",        ["adapters/http_poll/json_value.cpp",
                           "core/base/text.cpp",
                           "core/event/cloudevents_json.cpp",
                           "core/filter/dialects.cpp",
                           "core/subscription/subscription_read.cpp"]),  # heavy
    ("spdlog/*",          ["core/base/log.cpp"]),
    ("fmt/*",             ["core/base/log.cpp"]),
    ("CLI/*",             ["cli/base/command_line.cpp"]),
    ("boost/beast*",      ["core/http", "cli/listen/http_client.cpp"]),
    ("openssl/*",         ["core/base/encoding.cpp", "core/base/random.cpp", "core/egress",
                           "core/http/handshake.cpp", "core/sense/dtls", "core/tls"]),
    ("utf8proc.h",        ["core/filter/functions.cpp"]),
    ("xxhash*",           ["core/base/hash.cpp", "core/storage"]),
    ("systemd/*",         ["cli/daemons"]),
    ("prometheus/*",      ["core/admin"]),
]

# Headers that cost a second or more in each file that includes them, and how many files may, tests
# apart: lower a number when one less does, and think twice before raising it (docs/building.md).
HEAVY = {
    # header              files
    "CLI/CLI.hpp":        1,
    "nlohmann/json.hpp":  19,
    "simdjson.h":         5,
    "boost/beast*":       3,
    "boost/asio*":        40,
    "spdlog/*":           1,
    "msgpack.hpp":        0,  # all of it; its parts are cheaper
}

CODE = (".cpp", ".hpp", ".c", ".h")

# Words that this project does not use, and what it says instead (CONTRIBUTING.md, the dictionary). They
# are looked for in words: an identifier counts as the words that it is made of, in lower case. A row
# with "names" counts for identifiers of code alone, since the word is good English elsewhere.
WORDS = [
    # refused, a regular expression                         instead
    (r"lanes?",                                             "subscription queue"),
    # not those of OpenSSL: SSL_OP_NO_TICKET, SSL_CTX_set_num_tickets
    (r"(?<!ssl op no )(?<!ssl ctx set num )tickets?",                                     "attempt id"),
    (r"bury|buries|buried|burying|exhumed?",                "dead-letter, remove"),
    # not those of the alphabet: "letters and digits", "a letter or an underscore", is_letter()
    (r"(?<!dead )(?<!dead-)(?<!is )(?<!case )(?<!ascii )letters?(?!,| and| or)", "dead letter"),
    (r"pump",                                               "dispatch"),
    (r"let go",                                             "release"),
    (r"(un)?park(s|ed|ing)?",                               "defer, resume"),
    (r"unfixed",                                            "not durable"),
    (r"enclos(e|es|ed|ing)",                                "add to the digest"),
    (r"seldom",                                             "rarely; of options: sparse"),
    (r"checkpoint rounds?|rounds? of (the )?checkpoints?",  "checkpoint epoch"),
    (r"(?<![:/}.])doors?(?![:/}])",                         "listener, HTTP server"),
    (r"allow file",                                         "access file"),
    (r"strangers?",                                         "unauthenticated peer"),
    (r"askers?",                                            "requester"),
    (r"upkeep",                                             "maintenance"),
    (r"(?<![/\"])ballast",                                  "reserved space"),  # the file's name stays
    (r"occasionally",                                       "log::RateLimiter; from time to time"),
    (r"arrivals?(?! times?)",                               "received event"),
    (r"swarms?",                                            "load generator"),
    (r"contestants?",                                       "system under test"),
    (r"arenas?",                                            "runner"),
    (r"(?<!of )courses?",                                   "benchmark, run"),
    (r"turn(s|ed|ing)? away",                               "reject"),
    (r"succession",                                         "failover"),
    (r"standby words?",                                     "standby heartbeat"),
    (r"whoever|nobody|somebody|everybody|someone|anybody",
     "name the subject: the process, the peer, the client"),
    (r"talks?|sense shell",                                 "session, client", "names"),
    (r"(struct|class) (ways|parts)",                        "Callbacks or Hooks; Dependencies", "names"),
]
# Where the words are refused so far: a path, or a folder with all below it; "*": everywhere.
WORDS_DONE = ["*"]
# Where a word is meant: the table above, the specification that uses it, history, names on disk, a name
# that is still read although it has changed, the alphabet.
WORDS_MEANT = [
    # file                              word; none: any
    ("tests/tidy/tidy.py",              None),
    ("tests/tidy/tidy_tests.py",        None),
    ("docs/sense-protocol.md",          None),
    ("CHANGELOG.md",                    None),
    ("tests/bench/bench_command.cpp",   "contestant"),
    ("tests/cli/cli_bench_tests.cpp",   "contestant"),
    ("core/event/qname.cpp",            "struct parts"),
    ("broker/security/access_control.cpp", "strangers"),  # a counter's name
    ("broker/external/external_topic.cpp", "letter"),
    ("tests/core/base/random_tests.cpp", "letter"),
    ("tests/core/event/qname_tests.cpp", "letter"),
    ("gateways/host/store/dead_letter_table.cpp", "letter"),  # tables of gateway.db
    ("gateways/host/store/gateway_store.cpp", "lane"),
    ("gateways/host/store/gateway_store_copies.cpp", "lane"),
    ("tests/gateways/host/store/gateway_store_tests.cpp", "lane"),
    ("tests/gateways/host/store/dead_letter_table_tests.cpp", "letter"),
]
WORDS_FILES = CODE + (".md", ".py", ".sh", "run", "test")
DICTIONARY = re.compile(r"(#+) .*\bdictionary\b", re.IGNORECASE)  # the section of CONTRIBUTING.md

# What others copy out of this tree, so that it includes its own files by their name alone.
COPIED = ("docs/", "gateways/sense/client/")

PRODUCT = ("core", "broker", "gateways", "adapters", "cli")
FOLDER_FILES_MAX = 25  # in one folder of the product, those below it not counted
LICENCE = "SPDX-License-Identifier: Apache-2.0"
LINE_LENGTH_MAX = 100  # columns, in C and C++
FILE_LENGTH_MAX = 400  # lines, in C and C++
CLASS_FUNCTIONS_MAX = 25  # member functions of one class; defaulted and deleted ones are not counted

# A class does one thing. What is larger all the same, and why: no row without a reason that lasts.
FILES_LONGER = {
    # file                                              why
    "tests/gateways/sense/sense_requirements_tests.cpp":   "sixteen requirements, one case each",
}
CLASSES_LARGER = {}  # "file: class": why

TEXT = CODE + (".txt", ".cmake", ".md", ".py", ".sh", ".yaml", ".json", ".service", "run", "test")
NOT_OURS = {".git", "build", ".library", ".mirror"}

# Words in pieces, so that this file does not offend against its own rules.
LEFT_OVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
MACHINE_PATH = re.compile(r"(?<![\w.\-])/wo" r"rk/")
WAITS = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(")
THROW = re.compile(r"\bthrow\b")
MAC_MADE = r"(?:mac_of|mac_text|hmac_sha256)\("
MAC_COMPARED = re.compile(rf"\b(?:mac|{MAC_MADE}.*\))\s*[!=]=|[!=]=\s*(?:[\w.]|->)*\b(?:mac\b|{MAC_MADE})")
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
NOT_CODE = re.compile(
    r'R"([^()\\\s]{0,16})\(.*?\)\1"'  # raw string
    r'|//[^\n]*|/\*.*?\*/'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-zA-Z_])'(?:\\.|[^'\\\n])+'",
    re.DOTALL)


def without_comments_and_strings(text):
    """The code alone, with every line in its place."""
    return NOT_CODE.sub(lambda found: "\n" * found.group().count("\n"), text)


CLASS_HEAD = re.compile(r"(?<!enum )\b(?:class|struct)\s+(?:\[\[[^\]]*\]\]\s*)?([\w:]+)\s*"
                        r"(?:final\s*)?(?::[^;{}()]*)?\{")
OPERATOR = re.compile(r"\boperator\s*(?:\(\s*\)|\[\s*\]|[-+*/%^&|~!=<>,]+)")
FUNCTION_HEAD = re.compile(r"[\w~]\s*\(")
NO_MEMBER = re.compile(r"\s*(?:template\s*)?(?:friend|using|typedef|static_assert|enum|class|struct|union)\b")
PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE)
ACCESS = re.compile(r"\b(?:public|private|protected)\s*:(?!:)")


def balanced_end(text, start, pair):
    """Behind the bracket that closes the one at `start`."""
    depth = 0
    for place in range(start, len(text)):
        if text[place] == pair[0]:
            depth += 1
        elif text[place] == pair[1]:
            depth -= 1
            if depth == 0:
                return place + 1
    return len(text)


def without_angles(text):
    """Without template arguments, which may hold parentheses: std::function<void(int)>."""
    before = None
    while before != text:
        before, text = text, re.sub(r"<[^<>;{}]*>", "", text)
    return text


def statements_of(body):
    """The members of a class's body, each without what stands in its braces."""
    place, member = 0, ""
    while place < len(body):
        if body[place] == ";":
            yield member
            member = ""
        elif body[place] == "{":
            place = balanced_end(body, place, "{}")
            behind = body[place:].lstrip()[:1]
            # The block of a function ends a member; the braces of an initialiser do not.
            if behind not in (",", "{", ";", ")") and "(" in member and "=" not in member.split("(")[0]:
                yield member
                member = ""
            continue
        else:
            member += body[place]
        place += 1


def is_function(member):
    head = without_angles(member)
    if NO_MEMBER.match(head) or re.search(r"=\s*(default|delete)\s*$", head):
        return False
    found = FUNCTION_HEAD.search(head)
    return found is not None and "=" not in head[:found.start()]


def classes_of(text):
    """(line, name, number of member functions) of each class that a file defines."""
    code = PREPROCESSOR.sub(lambda found: "\n" * found.group().count("\n"),
                            without_comments_and_strings(text))
    code = OPERATOR.sub("operator_", re.sub(r"\[\[[^\]]*\]\]", "", code))
    for head in CLASS_HEAD.finditer(code):
        body = code[head.end():balanced_end(code, head.end() - 1, "{}") - 1]
        members = statements_of(ACCESS.sub("", body))
        yield (code.count("\n", 0, head.start()) + 1, head.group(1),
               sum(1 for member in members if is_function(member)))


DECLARATION_END = re.compile(r"[;{}]")
NAMESPACE = re.compile(r"\s*(?:inline\s+)?namespace\b[^()]*$|\s*extern\s*$")  # extern "C"
TYPE = re.compile(r"\s*(?:template\s*<.*>\s*)?(?:class|struct)\s+(?:\[\[.*?\]\]\s*)?([\w:]+)"
                  r"(?:\s*<.*>)?\s*(?:final\s*)?(?::.*)?$", re.DOTALL)


def namespace_types(text):
    """(line, name) of each class that a header defines, but for those within a class or function."""
    code = PREPROCESSOR.sub(lambda found: "\n" * found.group().count("\n"),
                            without_comments_and_strings(text))
    start = 0  # of a declaration
    while (end := DECLARATION_END.search(code, start)) is not None:
        head, behind = code[start:end.start()], end.end()
        if end.group() == "{":
            found = TYPE.match(head)
            if found:
                begin = start + len(head) - len(head.lstrip())
                yield code.count("\n", 0, begin) + 1, found.group(1)
            if not NAMESPACE.match(head):
                behind = balanced_end(code, end.start(), "{}")
        start = behind


def check_contracts(text):
    """Violations in a header of the product, as (line, why): a type that says nothing of itself."""
    lines = text.split("\n")

    def has_comment(number):
        above = lines[number - 2].strip()
        return above.startswith("//") or above.endswith("*/")

    types = list(namespace_types(text))
    if len(types) == 1:  # the comment of the header may be that of its type
        above = [number for number, line in enumerate(lines[:types[0][0]], 1)
                 if line.startswith("namespace")]
        types = [] if above and has_comment(above[-1]) else types
    for number, name in types:
        if not has_comment(number):
            yield number, f"{name} has no comment directly above it: a header states its contract"


def within(path, places):
    """Whether a path is one of the places, below one, or fits one with a star."""
    return any(path == place or path.startswith(place + "/") or fnmatch.fnmatch(path, place)
               for place in places if place)


def row_of(path):
    """The folder of a path, and what it may include; None without a row."""
    folder = os.path.dirname(path)
    rows = [(row, allowed) for row, allowed in INCLUDES
            if row == folder or (row.endswith("/**") and folder.startswith(row[:-2])) or
            (row.count("/") == folder.count("/") and fnmatch.fnmatch(folder, row))]
    if not rows:
        return None
    return folder, max(rows, key=lambda row: (row[0] == folder, len(row[0])))[1]


def may_include(folder, allowed, header):
    place = os.path.dirname(header)
    return any(entry in (place, header) or
               (entry.endswith("/**") and (place + "/").startswith(entry[:-2]))
               for entry in [folder] + allowed)


def check_include(path, bracket, header):
    """Why this include is not allowed, or None."""
    test = path.startswith("tests/")
    for library, places in LIBRARIES:
        if fnmatch.fnmatch(header, library):
            if test or within(path, places):
                return None
            return f"<{header}> may be included only in {', '.join(places)}"
    ours = header.split("/")[0] in {row.split("/")[0] for row, _ in INCLUDES} and "/" in header
    if not ours:
        if bracket == '"' and not path.startswith(COPIED):
            return f'"{header}" is not a path from the root of the project'
        return None
    row = row_of(path)
    if row is None:
        return "this folder has no row in the table INCLUDES of tests/tidy/tidy.py"
    own, allowed = row
    if may_include(own, allowed, header):
        return None
    return f"{own} may include itself and {', '.join(allowed) or 'nothing else'}, not {header}"


def check_code(path, text):
    """Violations in one C or C++ file, as (line, why)."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    if path.endswith((".hpp", ".h")) and "#pragma once" not in lines[1:2]:
        yield 2, "a header starts with #pragma once, behind the line of its licence"
    if len(lines) - 1 > FILE_LENGTH_MAX and path not in FILES_LONGER:  # but for the licence
        yield FILE_LENGTH_MAX + 1, (f"{len(lines)} lines; at most {FILE_LENGTH_MAX}: find what in it "
                                    "is a thing of its own, or name it in FILES_LONGER")
    for number, name, count in classes_of(text):
        if count > CLASS_FUNCTIONS_MAX and f"{path}: {name}" not in CLASSES_LARGER:
            yield number, (f"{name} has {count} member functions; at most {CLASS_FUNCTIONS_MAX}: find "
                           "the classes in it, or name it in CLASSES_LARGER")
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_LENGTH_MAX:
            yield number, f"{len(line)} columns; at most {LINE_LENGTH_MAX}"
        include = INCLUDE.match(line)
        why = include and check_include(path, *include.groups())
        if why:
            yield number, why
    if path.endswith(".hpp") and path.split("/")[0] in PRODUCT:
        yield from check_contracts(text)
    test = path.startswith("tests/")
    for number, line in enumerate(without_comments_and_strings(text).split("\n"), 1):
        if test and WAITS.search(line):
            yield number, "a test waits for a condition or uses virtual time; it never sleeps"
        if not test and THROW.search(line):
            yield number, "errors are values here: return fail(Code, sentence) instead of a throw"
        if not test and MAC_COMPARED.search(line):
            yield number, "a Mac is compared by equal_secret(), whose time does not tell how much is right"


def check_words(text):
    """Violations in any text file, as (line, why)."""
    for number, line in enumerate(text.split("\n"), 1):
        if LEFT_OVER.search(line):
            yield number, "unfinished work is written down as an issue, not in the code"
        if MACHINE_PATH.search(line):
            yield number, "a path of one machine: it exists nowhere else"


def in_words(text):
    """Identifiers as words in lower case: SenseTalk_ as "sense talk "."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text).replace("_", " ").lower()


REFUSED = [(re.compile(rf"\b({row[0]})\b"), row[1], "names" in row[2:]) for row in WORDS]


LINE_START = re.compile(r"^\s*(//+|#+|\*|>)?\s*")  # of a comment or a quotation


def without_dictionary(lines):
    """Markdown without the section that lists the old words; each line in its place."""
    inside = None
    for line in lines:
        heading = re.match(r"#+(?= )", line)
        if heading and (inside is None or len(heading.group()) <= inside):
            found = DICTIONARY.match(line)
            inside = len(found.group(1)) if found else None
        yield "" if inside else line


def check_refused_words(path, text):
    """Violations in code, documents and scripts, as (line, why)."""
    if not path.endswith(WORDS_FILES) or not within(path, WORDS_DONE):
        return
    meant = [word for file, word in WORDS_MEANT if file == path]
    if None in meant:
        return
    lines = text.split("\n")
    if path == "CONTRIBUTING.md":
        lines = list(without_dictionary(lines))
    names = without_comments_and_strings(text).split("\n") if path.endswith(CODE) else [""] * len(lines)
    before = ""  # the last word of the line before: "dead" of "dead letter"
    for number, (line, name) in enumerate(zip(lines, names), 1):
        words = f"{before} {in_words(LINE_START.sub('', line))}"
        for refused, instead, names_only in REFUSED:
            searched, start = (in_words(name), -1) if names_only else (words, len(before))
            found = next((f for f in refused.finditer(searched) if f.end() > start), None)
            if found and not found.group(1).startswith(tuple(meant)):
                yield number, f"'{found.group(1)}' is not a word of this project: {instead}"
        before = ([""] + re.findall(r"[a-z]+", words))[-1]


def files_below(root):
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in NOT_OURS)
        for name in sorted(files):
            path = os.path.relpath(os.path.join(folder, name), root)
            if name.endswith(TEXT) and not path.startswith("tests/fuzz/corpus/"):
                yield path


def included_by(text):
    """The headers that a file includes, in order."""
    return [found.group(2) for found in map(INCLUDE.match, text.split("\n")) if found]


def users_of(header, includes):
    """The files of the product that include a header."""
    return [path for path, headers in sorted(includes.items())
            if path.split("/")[0] in PRODUCT and any(fnmatch.fnmatch(h, header) for h in headers)]


def check_heavy(includes):
    """Violations over the product: more files include a heavy header than may."""
    for header, limit in HEAVY.items():
        users = users_of(header, includes)
        if len(users) > limit:
            yield (f"{users[-1]}:1: {len(users)} files include <{header}>, which is slow to compile; "
                   f"at most {limit} may (HEAVY in tests/tidy/tidy.py)")


def check_folders(includes, files):
    """Violations over folders: too many files, or folders that include each other in a circle."""
    counts = {}
    for path in files:
        folder = os.path.dirname(path)
        counts[folder] = counts.get(folder, 0) + 1
    for folder, count in sorted(counts.items()):
        if folder.split("/")[0] in PRODUCT and count > FOLDER_FILES_MAX:
            yield f"{folder}:1: {count} files; at most {FOLDER_FILES_MAX}: make rooms of it"
    graph = {}
    for path, headers in includes.items():
        folder = os.path.dirname(path)
        graph.setdefault(folder, set()).update(
            os.path.dirname(h) for h in headers if "/" in h and os.path.dirname(h) in counts)
    for cycle in cycles_of(graph):
        yield f"{cycle[0]}:1: these folders include each other in a circle: {', '.join(cycle)}"


def cycles_of(graph):
    """Folders that reach each other, as sorted lists of two and more."""
    def reached_from(start):
        found, ahead = set(), [start]
        while ahead:
            for to in graph.get(ahead.pop(), ()):
                if to not in found:
                    found.add(to)
                    ahead.append(to)
        return found

    reach = {folder: reached_from(folder) for folder in graph}
    groups = {tuple(sorted([folder] + [to for to in reach[folder]
                                       if to != folder and folder in reach.get(to, ())]))
              for folder in graph}
    return sorted(group for group in groups if len(group) > 1)


def check_licence(path, text):
    first = text.split("\n")[:2] if text.startswith("#!") else text.split("\n")[:1]
    if not any(LICENCE in line for line in first):
        yield 1, f"the first line of a source file is its licence: {LICENCE}"


def check_tree(root):
    """All violations as lines `file:line: why`, and the number of files read."""
    violations, files, includes = [], [], {}
    for path in files_below(root):
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            text = file.read()
        files.append(path)
        found = list(check_words(text)) + list(check_refused_words(path, text))
        if path.endswith(CODE):
            found += check_code(path, text)
            includes[path] = included_by(text)
        if path.endswith(CODE + (".py", ".sh", "CMakeLists.txt", ".cmake")):
            found += check_licence(path, text)
        violations += [f"{path}:{number}: {why}" for number, why in sorted(found)]
    violations += check_heavy(includes)
    violations += check_folders(includes, files)
    return violations, len(files)


def main():
    violations, count = check_tree(sys.argv[1])
    print("\n".join(violations))
    print(f"{count} files, {len(violations)} violations")
    return 1 if violations or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
