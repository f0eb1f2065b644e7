"""What PostgREST reads of the catalog when it starts and when it is notified: relations, functions, and which relations
can be embedded in which."""

import dataclasses
import itertools
import json
import re

from .rest_errors import NotSpoken, Refused

# Settings of functions that PostgREST applies to the whole transaction (db-hoisted-tx-settings).
HOISTED = ("statement_timeout", "plan_filter.statement_cost_limit", "default_transaction_isolation")

COLUMNS = """
  select c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
   where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'v', 'm', 'f', 'p')
   order by 1, a.attnum"""

FUNCTIONS = """
  select p.proname, p.provolatile = 'v', to_json(coalesce(p.proargnames[:p.pronargs], '{}')),
         (select coalesce(json_agg(format_type(t, null) order by o), '[]')
            from unnest(p.proargtypes::oid[]) with ordinality a (t, o)),
         p.pronargdefaults, t.oid::regtype, p.proretset,
         t.typtype = 'c' or coalesce(p.proargmodes && '{o,t,b}', false),
         (select r.relname from pg_class r where r.oid = t.typrelid and r.relnamespace = p.pronamespace),
         to_json(coalesce(p.proconfig, '{}'))
    from pg_proc p
    join pg_type t on t.oid = p.prorettype
   where p.pronamespace = $1::regnamespace and p.prokind = 'f' and t.oid <> 'trigger'::regtype"""

CONSTRAINTS = """
  select c.contype, c.conname, c.conrelid::regclass, c.confrelid::regclass, k.columns, k.others
    from pg_constraint c
    cross join lateral (
      select json_agg(a.attname order by o) as columns, json_agg(b.attname order by o) as others
        from unnest(c.conkey, c.confkey) with ordinality u (m, n, o)
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = m
        left join pg_attribute b on b.attrelid = c.confrelid and b.attnum = n) k
   where c.contype in ('p', 'u', 'f') and c.conrelid <> 0 and c.connamespace <> 'pg_catalog'::regnamespace"""

VIEWS = """
  select c.oid::regclass, r.ev_action,
         (select json_object_agg(attnum, attname) from pg_attribute where attrelid = c.oid and attnum > 0)
    from pg_class c
    join pg_rewrite r on r.ev_class = c.oid
   where c.relnamespace = $1::regnamespace and c.relkind in ('v', 'm')"""

COLUMN_NAMES = """
  select attrelid, attrelid::regclass, attnum, attname from pg_attribute
   where attnum > 0 and not attisdropped and attrelid >= 16384"""


@dataclasses.dataclass
class Function:
    volatile: bool
    names: list
    types: list
    default_count: int
    returns: str
    returns_set: bool
    composite: bool
    relation: str | None
    settings: list

    @property
    def takes_the_body(self):
        """Whether it has one argument without a name."""
        return len(self.types) == 1 and self.names in ([], [""])

    def fits(self, given):
        required = self.names[: len(self.names) - self.default_count]
        return len(self.names) == len(self.types) and set(required) <= set(given) <= set(self.names)


@dataclasses.dataclass(frozen=True)
class Relationship:
    origin: str
    target: str
    many: bool
    constraint: str
    columns: tuple  # pairs: of origin, of target; of origin and junction, where there is one
    junction: str | None = None
    junction_columns: tuple = ()  # pairs: of junction, of target

    def matches(self, hint):
        if self.junction:
            return hint == bare(self.junction)
        return hint == self.constraint or (len(self.columns) == 1 and hint in self.columns[0])


def bare(name):
    return name.split(".")[-1]


def nodes(text):
    """The bracketed parts of a pg_node_tree that lie side by side in `text`, without their outer brackets."""
    depth, start, found, position = 0, 0, [], 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif character in "({":
            depth += 1
            start = position + 1 if depth == 1 else start
        elif character in ")}":
            depth -= 1
            if depth == 0:
                found.append((start, position))
        position += 1
    return [text[begin:end] for begin, end in found]


def view_columns(definition):
    """Of a view: number of the column, then table and column that it shows as it is."""
    (query,) = nodes(nodes(definition)[0])
    inner = nodes(query)
    flat = query
    for part in inner:
        flat = flat.replace(part, "", 1)
    lists = re.findall(r":(\w+) (?:\(\)|\{\})", flat)
    entries = nodes(inner[lists.index("targetList")])
    for entry in entries:
        fields = dict(re.findall(r":(resno|resorigtbl|resorigcol) (\d+)", entry))
        if fields["resorigtbl"] != "0":
            yield int(fields["resno"]), int(fields["resorigtbl"]), int(fields["resorigcol"])


class SchemaCache:
    def __init__(self, connection, schema):
        self.schema = schema
        connection.run("select set_config('search_path', '', false)")  # names come out qualified
        self.relations = {}
        for relation, column, kind in connection.run(COLUMNS, schema):
            self.relations.setdefault(relation, {})[column] = kind
        self.functions = {}
        for name, volatile, names, types, defaults, returns, returns_set, composite, relation, settings in connection.run(
            FUNCTIONS, schema
        ):
            if name in self.functions:
                raise NotSpoken(f"{name} is overloaded")
            hoisted = [setting.split("=", 1) for setting in json.loads(settings)]
            self.functions[name] = Function(
                volatile == "t",
                json.loads(names),
                json.loads(types),
                int(defaults),
                returns,
                returns_set == "t",
                composite == "t",
                relation,
                [setting for setting in hoisted if setting[0] in HOISTED],
            )
        constraints = [
            (kind, name, table, other, json.loads(columns), json.loads(others))
            for kind, name, table, other, columns, others in connection.run(CONSTRAINTS)
        ]
        self.relationships = list(self._relationships(constraints, self._shown_columns(connection)))
        connection.run("reset search_path")

    def _shown_columns(self, connection):
        """For each view: by table and column, its columns that show it, through other views of the schema too."""
        names = {(int(oid), int(number)): (table, column) for oid, table, number, column in connection.run(COLUMN_NAMES)}
        direct = {}
        for view, definition, own in connection.run(VIEWS, self.schema):
            own = json.loads(own)
            direct[view] = [
                (own[str(number)], *names[table, column])
                for number, table, column in view_columns(definition)
                if (table, column) in names
            ]

        def origins(table, column):
            yield table, column
            for shown, below, below_column in direct.get(table, []):
                if shown == column:
                    yield from origins(below, below_column)

        shown = {}
        for view, columns in direct.items():
            for column, table, table_column in columns:
                for origin in origins(table, table_column):
                    shown.setdefault(view, {}).setdefault(origin, []).append(column)
        return shown

    def _relationships(self, constraints, shown):
        """Keys give many-to-one and one-to-one, for views of their tables too; tables that consist of two keys, M2M."""
        unique = {(table, tuple(sorted(columns))) for kind, _, table, _, columns, _ in constraints if kind in "pu"}
        primary = {table: set(columns) for kind, _, table, _, columns, _ in constraints if kind == "p"}
        for view, origins in shown.items():
            for table, columns in list(primary.items()):
                if all((table, column) in origins for column in columns):
                    primary[view] = {origins[table, column][0] for column in columns}

        def seen_as(table, columns):
            """The table itself, and views that show all the columns, with their names there."""
            yield table, columns
            for view, origins in shown.items():
                for names in itertools.product(*(origins.get((table, column), []) for column in columns)):
                    yield view, list(names)

        to_one = []
        for kind, name, table, other, columns, others in constraints:
            if kind == "f":
                one = (table, tuple(sorted(columns))) in unique
                for (child, own), (parent, theirs) in itertools.product(seen_as(table, columns), seen_as(other, others)):
                    to_one.append((child, parent, name, tuple(zip(own, theirs)), one))
        exposed = {f"{self.schema}.{relation}" for relation in self.relations}
        for child, parent, name, pairs, one in to_one:
            if {child, parent} <= exposed:
                yield Relationship(child, parent, False, name, pairs)
                yield Relationship(parent, child, not one, name, tuple((b, a) for a, b in pairs))
        for (junction, one, name, pairs, unique_1), (same, two, other_name, other_pairs, unique_2) in itertools.permutations(
            to_one, 2
        ):
            key = {a for a, _ in pairs + other_pairs}
            if junction == same and name != other_name and not unique_1 and not unique_2 and {junction, one, two} <= exposed:
                if key <= primary.get(junction, set()):
                    yield Relationship(
                        one, two, True, name, tuple((b, a) for a, b in pairs), junction, tuple(other_pairs)
                    )

    def relationship(self, origin, target, hint):
        if origin == target:
            raise NotSpoken(f"{origin} within itself")
        found = [
            r
            for r in self.relationships
            if (bare(r.origin), bare(r.target)) == (origin, target) and (hint is None or r.matches(hint))
        ]
        if not found:
            raise Refused(
                400, "PGRST200", f"Could not find a relationship between '{origin}' and '{target}' in the schema cache"
            )
        if len(found) > 1:
            raise Refused(
                300,
                "PGRST201",
                f"Could not embed because more than one relationship was found for '{origin}' and '{target}'",
                sorted(r.junction or r.constraint for r in found),
            )
        return found[0]
