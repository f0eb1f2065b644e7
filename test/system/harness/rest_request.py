"""One request to PostgREST: from method, path, headers and body to the transaction, and from its result to the answer."""

import json
import urllib.parse

from .libpq import SqlError
from .rest_errors import NotSpoken, Refused, Response, refusal_of
from .rest_query import Query, conditions, identifier, order_by
from .rest_tokens import claims_of

JSON_TYPE, SINGULAR = "application/json", "application/vnd.pgrst.object+json"

# What functions said about the answer while the statement ran.
ANSWER = "nullif(current_setting('response.headers', true), ''), nullif(current_setting('response.status', true), '')"


def content_range(first, count, total):
    """The header Content-Range of `count` rows."""
    rows = f"{first}-{first + count - 1}" if count > 0 and total != 0 else "*"
    return {"content-range": f"{rows}/{'*' if total is None else total}"}


class Request:
    def __init__(self, door, method, path, body, headers):
        if method not in ("GET", "HEAD", "POST", "PATCH", "DELETE"):
            raise NotSpoken(f"method {method}")
        self.door, self.method, self.body, self.headers = door, method, body, headers
        url = urllib.parse.urlsplit(path)
        self.path = url.path
        self.query = Query(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        self.reads = method in ("GET", "HEAD")
        self.preferences = self._preferences()
        self.parameters = []

    def _preferences(self):
        found = dict(part.strip().split("=", 1) for part in self.headers.get("prefer", "").split(",") if part.strip())
        known = {("return", "minimal"), ("return", "representation"), ("count", "exact")}
        for unknown in set(found.items()) - known:
            raise NotSpoken(f"Prefer: {unknown[0]}={unknown[1]}")
        if "range" in self.headers:
            raise NotSpoken("Range")
        profile = self.headers.get("accept-profile" if self.reads else "content-profile", self.door.schema)
        if profile != self.door.schema:
            raise Refused(406, "PGRST106", f"Invalid schema: {profile}")
        return found

    def answer(self):
        claims = claims_of(self.headers["authorization"]) if "authorization" in self.headers else {}
        claims.setdefault("role", self.door.anonymous)
        parts = [urllib.parse.unquote(part) for part in self.path.strip("/").split("/")]
        if parts[0] == "rpc" and len(parts) == 2:
            run = self._call(parts[1])
        elif len(parts) == 1 and parts != [""]:
            run = self._relation(parts[0])
        elif parts == [""]:
            raise NotSpoken("the description of the API")
        else:
            raise Refused(404, "PGRST125", "Invalid path specified in request URL")
        return self._transaction(run, claims)

    def _transaction(self, run, claims):
        read_only, function, statement, finish = run
        role = claims["role"]
        path = [self.door.schema, *filter(None, [self.door.configuration["db-extra-search-path"]])]
        cookies = dict(part.strip().split("=", 1) for part in self.headers.get("cookie", "").split(";") if "=" in part)
        settings = [
            ("search_path", ", ".join(map(identifier, path))),
            *self.door.role_settings.get(role, []),
            ("role", role),
            ("request.jwt.claims", json.dumps(claims)),
            ("request.method", self.method),
            ("request.path", self.path),
            ("request.headers", json.dumps({k: v for k, v in self.headers.items() if k != "cookie"})),
            ("request.cookies", json.dumps(cookies)),
            *(function.settings if function else []),
        ]
        calls = ", ".join(f"set_config(${2 * n + 1}, ${2 * n + 2}, true)" for n in range(len(settings)))
        execute = self.door.connection.run
        execute("begin isolation level read committed read " + ("only" if read_only else "write"))
        try:
            execute(f"select {calls}", *(text for setting in settings for text in setting))
            execute(f"select {self.door.configuration['db-pre-request']}()")
            (row,) = execute(statement, *self.parameters)
            response = finish(*row)
            execute("commit")
            return response
        except SqlError as error:
            execute("rollback")
            raise refusal_of(error, role != self.door.anonymous) from error
        except Refused:
            execute("rollback")
            raise

    def _accepted(self, produced=(JSON_TYPE, SINGULAR)):
        """The first type of Accept, by weight, that can be had."""
        weighted = []
        for part in self.headers.get("accept", "*/*").split(","):
            name, *options = (option.strip() for option in part.split(";"))
            weight = next((float(option[2:]) for option in options if option.startswith("q=")), 1)
            if name.startswith(("text/csv", "application/vnd.pgrst.plan", "application/geo+json")):
                raise NotSpoken(f"Accept: {part}")
            weighted.append((-weight, len(weighted), name))
        for _, _, name in sorted(weighted):
            if name in produced:
                return name
            if name in ("*/*", "application/*"):
                return JSON_TYPE
        raise Refused(406, "PGRST107", f"None of these media types are available: {self.headers['accept']}")

    def _finish(self, status, headers, body, said_headers, said_status):
        try:
            said = [list(header.items()) for header in json.loads(said_headers or "[]")]
            if any(len(header) != 1 or not isinstance(header[0][1], str) for header in said):
                raise ValueError(said_headers)
        except (ValueError, AttributeError) as error:
            raise Refused(500, "PGRST111", "response.headers guc must be a JSON array") from error
        headers = {**headers, **{name.lower(): value for ((name, value),) in said}}
        return Response(int(said_status or status), headers, b"" if self.method == "HEAD" else body)

    def _rows(self, count, total, content, kind, answer, status=200):
        """The answer with rows."""
        if kind == SINGULAR and count != 1:
            message = "Cannot coerce the result to a single JSON object"
            raise Refused(406, "PGRST116", message, f"The result contains {count} rows")
        first = int(self.query.options.get("offset", 0))
        if total is not None and first > total:
            raise Refused(416, "PGRST103", "Requested range not satisfiable")
        if status == 200 and total is not None and count < total:
            status = 206
        headers = {"content-type": f"{kind}; charset=utf-8", **content_range(first, count, total)}
        return self._finish(status, headers, content.encode(), *answer)

    def _body_of(self, kind):
        if self.method == "HEAD":
            return "''"
        return "coalesce(json_agg(answer) -> 0, 'null')" if kind == SINGULAR else "coalesce(json_agg(answer), '[]')"

    def _json(self, empty=None):
        if self.headers.get("content-type", JSON_TYPE).split(";")[0] != JSON_TYPE:
            raise NotSpoken(f"Content-Type: {self.headers['content-type']}")
        try:
            value = json.loads(self.body or empty or "")
        except ValueError as error:
            raise Refused(400, "PGRST102", "Empty or invalid json") from error
        rows = value if isinstance(value, list) else [value]
        if not all(isinstance(row, dict) and row.keys() == rows[0].keys() for row in rows):
            raise Refused(400, "PGRST102", "All object keys must match")
        return value, list(rows[0]) if rows else []

    def _record(self, value, names, types):
        """FROM of the body as a record, or as records."""
        self.parameters.append(self.body)
        number = len(self.parameters)
        if not names:
            return "(values (1)) body" if isinstance(value, dict) else f"json_array_elements(${number}::json) body"
        record = ", ".join(f"{identifier(name)} {types[name]}" for name in names)
        return f"json_to_record{'set' if isinstance(value, list) else ''}(${number}::json) as body ({record})"

    # Functions

    def _call(self, name):
        if not self.reads and self.method != "POST":
            raise Refused(405, "PGRST101", f"Cannot use the {self.method} method on RPC")
        function = self.door.cache.functions.get(name)
        source = self._arguments(name, function)
        call = f"{identifier(self.door.schema)}.{identifier(name)}"
        if function.composite:
            rows = f"select called.* from {source[1]}{call}({source[0]}) called"
        else:
            rows = f"select called.scalar from {source[1]}(select {call}({source[0]}) as scalar) called"
        if function.returns.endswith('"*/*"'):
            if "vnd.pgrst" in self.headers.get("accept", ""):
                raise NotSpoken(f"Accept: {self.headers['accept']}")
            finish = self._media
            body = "''" if self.method == "HEAD" else "(array_agg(answer.scalar))[1]::bytea"
            answer = "select * from pgrst_source"
        else:
            body, answer, finish = self._result(function)
        statement = f"with pgrst_source as ({rows}) select count(*), {body}, {ANSWER} from ({answer}) answer"
        return self.reads or not function.volatile, function, statement, finish

    def _arguments(self, name, function):
        """What stands between the parentheses, and before the call in FROM."""
        if self.reads:
            given = dict(self.query.arguments)
        elif function and function.takes_the_body and self._is_the_body(function.types[0]):
            self.parameters.append(self.body)
            return f"$1::{function.types[0]}", ""
        else:
            value, given = self._json("{}")
        if not function or function.takes_the_body or not function.fits(given):
            listed = f"({', '.join(given)})" if given else " without parameters"
            message = f"Could not find the function {self.door.schema}.{name}{listed} in the schema cache"
            raise Refused(404, "PGRST202", message)
        types = dict(zip(function.names, function.types))
        if self.reads:
            self.parameters += given.values()
            return ", ".join(f"{identifier(key)} := ${n}::{types[key]}" for n, key in enumerate(given, 1)), ""
        if isinstance(value, list):
            raise NotSpoken("calls with an array")
        if not given:
            return "", ""
        arguments = ", ".join(f"{identifier(key)} := body.{identifier(key)}" for key in given)
        return arguments, f"{self._record(value, given, types)}, lateral "

    def _is_the_body(self, kind):
        """Whether the one argument without a name takes a body of this content type, as it is."""
        content_type = self.headers.get("content-type", JSON_TYPE).split(";")[0]
        if kind in ("json", "jsonb") and content_type == JSON_TYPE:
            self._json("{}")
            return True
        if kind == "text" and content_type == "text/plain":
            return True
        raise NotSpoken(f"a body of {content_type} for one argument of type {kind}")

    def _result(self, function):
        """Of a function: the SQL for the body, for the rows, and what makes the answer of both."""
        kind = self._accepted()
        limit, offset = self.query.range(self.door.max_rows)
        tail = f" limit {limit} offset {offset}" if function.returns_set else ""
        if not function.composite:
            if self.query.options or self.query.filters:
                raise NotSpoken("select and filters on a single value")
            value = "json_agg(answer.scalar)" + ("" if function.returns_set else " -> 0")
            body = f"coalesce({value}, '{'[]' if function.returns_set else 'null'}')"
            answer = f"select * from pgrst_source{tail}"
        else:
            where = list(conditions("t", self.query.filters, self.parameters))
            tail = order_by("t", self.query.options.get("order", "")) + tail
            answer = self.door.reader.select(function.relation, self.query.items, "pgrst_source", "t", where, tail)
            body = self._body_of(kind if function.returns_set else SINGULAR)

        def finish(count, content, *answer):
            if function.returns == "void":
                return self._finish(204, content_range(0, 1, None), b"", *answer)
            return self._rows(int(count), None, content, kind, answer)

        return "''" if self.method == "HEAD" else body, answer, finish

    def _media(self, _, content, *answer):
        content = content.encode() if isinstance(content, str) else content or b""
        return self._finish(200, {"content-type": "application/octet-stream"}, content, *answer)

    # Tables and views

    def _relation(self, relation):
        if relation not in self.door.cache.relations:
            message = f"Could not find the table '{self.door.schema}.{relation}' in the schema cache"
            raise Refused(404, "PGRST205", message)
        if self.query.arguments:
            raise NotSpoken(f"parameters without an operator: {self.query.arguments}")
        if self.reads:
            return True, None, *self._read(relation)
        return False, None, *self._write(relation)

    def _read(self, relation):
        kind = self._accepted()
        limit, offset = self.query.range(self.door.max_rows)
        where = list(conditions("t", self.query.filters, self.parameters))
        tail = order_by("t", self.query.options.get("order", "")) + f" limit {limit} offset {offset}"
        table = self.door.reader.table(relation)
        rows = self.door.reader.select(relation, self.query.items, table, "t", where, tail)
        total = "null::bigint"
        if self.preferences.get("count") == "exact":
            if "!inner" in self.query.options.get("select", ""):
                raise NotSpoken("the count of rows with inner joins")
            total = f"(select count(*) from {table} t{' where ' + ' and '.join(where) if where else ''})"
        statement = (
            f"with pgrst_source as ({rows})"
            f" select {total}, count(*), {self._body_of(kind)}, {ANSWER} from (select * from pgrst_source) answer"
        )

        def finish(total, count, content, *answer):
            return self._rows(int(count), total and int(total), content, kind, answer)

        return statement, finish

    def _write(self, relation):
        if self.query.options.keys() - {"select", "columns"}:
            raise NotSpoken(f"{self.query.options} of a write")
        kind = self._accepted()
        change = {"POST": self._insert, "PATCH": self._update, "DELETE": self._delete}[self.method](relation)
        wants_rows = self.preferences.get("return") == "representation"
        returned = dict.fromkeys(self.door.reader.columns_needed(relation, self.query.items)) if wants_rows else ["1"]
        returning = ", ".join(name if name == "1" else f"t.{name}" for name in returned)
        rows = (
            self.door.reader.select(relation, self.query.items, "pgrst_source", "t")
            if wants_rows
            else "select * from pgrst_source"
        )
        body = self._body_of(kind) if wants_rows else "''"
        statement = (
            f"with pgrst_source as ({change} returning {returning})"
            f" select count(*), {body}, {ANSWER} from ({rows}) answer"
        )

        def finish(count, content, *answer):
            count = int(count)
            status = 201 if self.method == "POST" else 200 if wants_rows else 204
            total = count if "count" in self.preferences else None
            if wants_rows:
                response = self._rows(count, None, content, kind, answer, status)
            elif kind == SINGULAR and count != 1:
                raise Refused(406, "PGRST116", "Cannot coerce the result to a single JSON object")
            else:
                response = self._finish(status, {}, b"", *answer)
            response.headers |= content_range(0, count if self.method == "PATCH" else 0, total)
            return response

        return statement, finish

    def _columns_of_body(self, relation):
        value, names = self._json()
        names = self.query.columns or names
        for name in names:
            if name not in self.door.cache.relations[relation]:
                raise Refused(
                    400, "PGRST204", f"Could not find the '{name}' column of '{relation}' in the schema cache"
                )
        if not names:
            raise NotSpoken("rows without columns")
        return names, self._record(value, names, self.door.cache.relations[relation])

    def _insert(self, relation):
        names, body = self._columns_of_body(relation)
        listed = ", ".join(map(identifier, names))
        values = ", ".join(f"body.{identifier(name)}" for name in names)
        return f"insert into {self.door.reader.table(relation)} as t ({listed}) select {values} from {body}"

    def _update(self, relation):
        names, body = self._columns_of_body(relation)
        assignments = ", ".join(f"{identifier(name)} = body.{identifier(name)}" for name in names)
        return f"update {self.door.reader.table(relation)} t set {assignments} from {body}{self._where()}"

    def _delete(self, relation):
        return f"delete from {self.door.reader.table(relation)} t{self._where()}"

    def _where(self):
        where = list(conditions("t", self.query.filters, self.parameters))
        return " where " + " and ".join(where) if where else ""
