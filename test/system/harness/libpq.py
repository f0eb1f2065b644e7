"""Statements with bound parameters over the extended protocol, as PostgREST's driver sends them."""

import ctypes

_libpq = ctypes.CDLL("libpq.so.5")
for _name in ("PQconnectdb", "PQexecParams"):
    getattr(_libpq, _name).restype = ctypes.c_void_p
for _name in ("PQerrorMessage", "PQresultErrorField", "PQfname"):
    getattr(_libpq, _name).restype = ctypes.c_char_p
_libpq.PQgetvalue.restype = ctypes.c_void_p

COMMAND_OK, TUPLES_OK = 1, 2
SQLSTATE, MESSAGE, DETAIL, HINT = map(ord, "CMDH")


class SqlError(Exception):
    def __init__(self, sqlstate, message, detail, hint):
        super().__init__(f"{sqlstate}: {message}")
        self.sqlstate, self.message, self.detail, self.hint = sqlstate, message, detail, hint


class Connection:
    def __init__(self, conninfo):
        self.handle = ctypes.c_void_p(_libpq.PQconnectdb(conninfo.encode()))
        if _libpq.PQstatus(self.handle) != 0:
            raise ConnectionError(_libpq.PQerrorMessage(self.handle).decode())

    def close(self):
        _libpq.PQfinish(self.handle)

    def is_open(self):
        return _libpq.PQstatus(self.handle) == 0

    def run(self, statement, *parameters):
        """Parameters are texts, or bytes that are sent as they are. Rows of text, None or, for columns of bytea, bytes."""
        values = (ctypes.c_char_p * len(parameters))(
            *(p if p is None or isinstance(p, bytes) else str(p).encode() for p in parameters)
        )
        result = ctypes.c_void_p(
            _libpq.PQexecParams(
                self.handle, statement.encode(), len(parameters), None, values, None, None, 0
            )
        )
        try:
            if _libpq.PQresultStatus(result) not in (COMMAND_OK, TUPLES_OK):
                raise self._error(result)
            return [
                tuple(self._value(result, row, column) for column in range(_libpq.PQnfields(result)))
                for row in range(_libpq.PQntuples(result))
            ]
        finally:
            _libpq.PQclear(result)

    @staticmethod
    def _value(result, row, column):
        if _libpq.PQgetisnull(result, row, column):
            return None
        length = _libpq.PQgetlength(result, row, column)
        data = ctypes.string_at(_libpq.PQgetvalue(result, row, column), length)
        bytea = 17
        if _libpq.PQftype(result, column) == bytea:
            return bytes.fromhex(data[2:].decode())
        return data.decode()

    def _error(self, result):
        fields = [
            _libpq.PQresultErrorField(result, field) for field in (SQLSTATE, MESSAGE, DETAIL, HINT)
        ]
        if fields[0] is None:
            return ConnectionError(_libpq.PQerrorMessage(self.handle).decode())
        return SqlError(*(field and field.decode() for field in fields))
