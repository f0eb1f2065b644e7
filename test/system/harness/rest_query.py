"""PostgREST's query language, as far as the tests speak it: text of a URL to SQL with parameters."""

import dataclasses
import re

from .rest_errors import NotSpoken, Refused

OPERATORS = {
    "eq": "=",
    "neq": "<>",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "like": "like",
    "ilike": "ilike",
    "cs": "@>",
    "cd": "<@",
    "ov": "&&",
}
NOT_SPOKEN = ("match", "imatch", "isdistinct", "sl", "sr", "nxr", "nxl", "adj", "fts", "plfts", "phfts", "wfts")
IS = {"null": "null", "not_null": "not null", "true": "true", "false": "false", "unknown": "unknown"}
RESERVED = ("select", "columns", "on_conflict", "order", "limit", "offset", "and", "or")


def identifier(name):
    return '"' + name.replace('"', '""') + '"'


@dataclasses.dataclass
class Column:
    name: str
    alias: str | None


@dataclasses.dataclass
class Embed:
    target: str
    alias: str | None
    hint: str | None
    inner: bool
    items: list


def split(text, separator=","):
    """Splits where no parenthesis and no quotation mark is open."""
    parts, depth, quoted, part = [], 0, False, ""
    for character in text:
        quoted ^= character == '"'
        depth += {"(": 1, ")": -1}.get(character, 0) if not quoted else 0
        if character == separator and depth == 0 and not quoted:
            parts.append(part)
            part = ""
        else:
            part += character
    return parts + [part]


def parse_select(text):
    return [parse_item(item.strip()) for item in split(text)]


def parse_item(item):
    embedded = re.fullmatch(r"(?:(\w+):)?(\w+)((?:!\w+)*)\((.+)\)", item, re.S)
    if embedded:
        alias, target, marks, inner = embedded.groups()
        marks = marks.split("!")[1:]
        hints = [mark for mark in marks if mark not in ("inner", "left")]
        if len(hints) > 1:
            raise NotSpoken(item)
        return Embed(target, alias, hints[0] if hints else None, "inner" in marks, parse_select(inner))
    column = re.fullmatch(r'(?:(\w+):)?(\*|\w+|"[^"]+")', item)
    if not column:
        raise NotSpoken(f"select={item}")
    return Column(column[2].strip('"'), column[1])


def is_filter(name, value):
    """PostgREST's distinction of filters and arguments in the query of a function."""
    operators = {"not", "is", "in", *OPERATORS, *NOT_SPOKEN}
    return "." in name or re.split(r"[.(]", value)[0] in operators


def array_literal(operand):
    if not re.fullmatch(r"\(.*\)", operand, re.S):
        raise Refused(400, "PGRST100", f'"failed to parse filter (in.{operand})"')
    values = [value[1:-1] if value[:1] == '"' else value for value in split(operand[1:-1])]
    if values == [""]:
        return "{}"
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


def condition(column, value, parameters):
    word, _, operand = value.partition(".")
    negated = word == "not"
    if negated:
        word, _, operand = operand.partition(".")
    if word == "is" and operand.lower() in IS:
        text = f"{column} is {IS[operand.lower()]}"
    elif word == "in":
        parameters.append(array_literal(operand))
        text = f"{column} = any (${len(parameters)})"
    elif word in OPERATORS:
        parameters.append(operand.replace("*", "%") if "like" in word else operand)
        text = f"{column} {OPERATORS[word]} ${len(parameters)}"
    else:
        raise NotSpoken(f"filter {value}")
    return f"not {text}" if negated else text


def conditions(alias, filters, parameters):
    for name, value in filters:
        if not re.fullmatch(r"\w+", name):
            raise NotSpoken(f"filter on {name}")
        yield condition(f"{alias}.{identifier(name)}", value, parameters)


def order_by(alias, text):
    terms = []
    for term in filter(None, text.split(",")):
        parsed = re.fullmatch(r"(\w+)(\.asc|\.desc)?(\.nullsfirst|\.nullslast)?", term)
        if not parsed:
            raise NotSpoken(f"order={term}")
        column, direction, nulls = (part or "" for part in parsed.groups())
        nulls = {"": "", ".nullsfirst": " nulls first", ".nullslast": " nulls last"}[nulls]
        terms.append(f"{alias}.{identifier(column)} {direction[1:] or 'asc'}{nulls}")
    return " order by " + ", ".join(terms) if terms else ""


class Query:
    """The parameters of one URL."""

    def __init__(self, pairs):
        self.pairs = pairs
        for name, value in pairs:
            if name in ("and", "or", "on_conflict") or name.split(".")[-1] in RESERVED and "." in name:
                raise NotSpoken(f"{name}={value}")
        self.options = {name: value for name, value in pairs if name in RESERVED}
        self.items = parse_select(self.options.get("select") or "*")
        rest = [pair for pair in pairs if pair[0] not in RESERVED]
        self.filters = [pair for pair in rest if is_filter(*pair)]
        self.arguments = [pair for pair in rest if not is_filter(*pair)]

    @property
    def columns(self):
        return [name.strip('"') for name in self.options["columns"].split(",")] if "columns" in self.options else None

    def range(self, max_rows):
        """The part of the rows that is asked for: limit and offset."""
        limit = min(int(self.options.get("limit", max_rows)), max_rows)
        return limit, int(self.options.get("offset", 0))


class Reader:
    """Makes the SELECT of a tree of relations."""

    def __init__(self, cache, max_rows):
        self.cache, self.max_rows = cache, max_rows

    def table(self, relation):
        return f"{identifier(self.cache.schema)}.{identifier(relation)}"

    def select(self, relation, items, source, alias, where=(), tail=""):
        """`relation` names the rows of `source` for what is embedded in them."""
        columns, joins = [], []
        for number, item in enumerate(items, 1):
            if isinstance(item, Column):
                # PostgreSQL reads table."count" as count(table) where there is no such column; so clients count.
                name = "*" if item.name == "*" else identifier(item.name)
                columns.append(f"{alias}.{name}" + (f" as {identifier(item.alias)}" if item.alias else ""))
            else:
                column, join = self._embed(relation, item, alias, f"{alias}_{number}")
                columns.append(column)
                joins.append(join)
        where = " where " + " and ".join(where) if where else ""
        return f"select {', '.join(columns)} from {source} {alias}{''.join(joins)}{where}{tail}"

    def _embed(self, relation, item, alias, inner):
        found = self.cache.relationship(relation, item.target, item.hint)
        source, own = self.table(item.target), inner
        where = [f"{alias}.{identifier(a)} = {inner}.{identifier(b)}" for a, b in found.columns]
        if found.junction:
            junction = inner + "_j"
            where = [f"{alias}.{identifier(a)} = {junction}.{identifier(b)}" for a, b in found.columns]
            where += [f"{junction}.{identifier(a)} = {inner}.{identifier(b)}" for a, b in found.junction_columns]
            source = f"{self.table(found.junction.split('.')[-1])} {junction}, {source}"
        rows = self.select(item.target, item.items, source, own, where, f" limit {self.max_rows}")
        name = identifier(item.alias or item.target)
        result = inner + "_r"
        kind = "inner" if item.inner else "left"
        if found.many:
            rows = f"select json_agg({result}) as {result} from ({rows}) {result}"
            on = f"{result} is not null" if item.inner else "true"
            return (
                f"coalesce({result}.{result}, '[]') as {name}",
                f" {kind} join lateral ({rows}) {result} on {on}",
            )
        return f"row_to_json({result}.*) as {name}", f" {kind} join lateral ({rows}) {result} on true"

    def columns_needed(self, relation, items):
        """The columns that a write has to return: those selected, and those that embedded rows are found by."""
        for item in items:
            if isinstance(item, Column):
                yield "*" if item.name == "*" else identifier(item.name)
            else:
                found = self.cache.relationship(relation, item.target, item.hint)
                yield from (identifier(own) for own, _ in found.columns)
