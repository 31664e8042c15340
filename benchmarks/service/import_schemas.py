"""Are ordinary JSON Schemas imported as types? Random ones, always the same.

    python benchmarks/service/import_schemas.py [--payloads N] [--seed S] [--show N]

Payloads have schemas as people and generators of code write them: what the drafts 7 and 2020-12 and
OpenAPI 3.0 and 3.1 allow, drawn by a seed without a look at what the importer reads. Each is
imported and compiled again as `flowdsl compile` does it, where an error stops. A payload counts as

- *same*: the prompt is equal to the byte, and the schemas are equal as JSON;
- *typed*: both schemas are sections of fields, each secret is one of `secrets`, and an object with
  properties is a record: nothing is kept in a file.

Goals: all are the same, all secrets are found, and 90 % are typed. Exits 1 below them.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from flowdsl.compiler.pipeline import CompileOptions, compile_project  # noqa: E402
from flowdsl.decompile.project import import_workflows  # noqa: E402
from flowdsl.source.files import MemoryFiles  # noqa: E402
from tests.support.flows.decompile import round_trip  # noqa: E402

GOAL = 0.9

NOUNS = """patient customer order invoice item line address contact policy claim vehicle room guest
    sample result shipment parcel meter reading employee payslip account note tag attachment
""".split()  # noqa: SIM905
PLAIN = """name first_name lastName birth_date due_date amount total quantity unit_price currency
    status priority email phone website street zip_code city country is_active urgent comment
    reference number created_at opens_at iban vat_rate weight_kg count page code kind
""".split()  # noqa: SIM905
ODD = ("order-no", "Customer Name", "größe", "2nd_line", "type", "class", "default", "@id", "a.b")
SECRETS = ("user", "password", "api_key", "pin", "erp_password", "totp_seed")
WORDS = """Number of the order as printed on the slip. Leave empty if unknown. ISO date. Must be
    unique in EUR without VAT. Shown in the header of the form, the customer's name
""".split()  # noqa: SIM905
PROMPT = (
    "Open {{the}} list.",
    "Log in as {$%s} with {$%s}.",
    "Enter {%s} in the first field, and press Tab.",
    "If {%s} is empty -> skip it.",
    "Save what you read as {{%s}}.",
    "For each entry of {%s} type its name, then Enter.",
    r"Save it as C:\Export\{%s}.pdf",
    "Check { %s } and {as_before}.",
    "Use {%s} or {unknown_value}.",
)


class Schemas:
    """Draws schemas; `style` is that of whoever wrote this one."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.style = rng.choice(("person", "person", "pydantic", "openapi", "json-schema", "zod"))
        self.definitions: dict[str, Any] = {}
        self.place = "definitions" if rng.random() < 0.3 else "$defs"

    def often(self, share: float) -> bool:
        return self.rng.random() < share

    def words(self) -> str:
        return " ".join(self.rng.choices(WORDS, k=self.rng.randint(1, 9)))

    def names(self, count: int) -> list[str]:
        pool = [*PLAIN, *NOUNS, *(ODD if self.often(0.12) else ())]
        return self.rng.sample(pool, count)

    def root(self, *, secrets: bool) -> dict[str, Any]:
        """The schema of all inputs or all outputs."""
        names = self.names(self.rng.randint(1, 8))
        properties = {name: self.field(name, 0) for name in names}
        if secrets and self.often(0.6):
            for name in self.rng.sample(SECRETS, self.rng.randint(1, 2)):
                properties[f"${name}"] = self.annotated({"type": "string"}, name, bare=True)
        schema = self.object(properties)
        if self.style == "person" and self.often(0.2):
            schema.pop("type")
        if self.style == "json-schema":
            schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema
            if self.often(0.3):
                schema["$id"] = "https://schemas.brackwater.test/" + names[0].replace(" ", "_")
        if self.style in ("pydantic", "json-schema") and self.often(0.7):
            schema["title"] = self.rng.choice(NOUNS).title()
        if self.often(0.15):
            schema["description"] = self.words()
        if self.definitions:
            schema[self.place] = self.definitions
        return schema

    def object(self, properties: dict[str, Any]) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "object", "properties": properties}
        names = list(properties)
        style = self.rng.choice(("none", "all", "some", "some", "empty"))
        if style == "all":
            schema["required"] = names
        elif style == "some":
            schema["required"] = self.rng.sample(names, self.rng.randint(1, len(names)))
        elif style == "empty" and self.often(0.3):
            schema["required"] = []
        if self.often(0.5 if self.style in ("zod", "json-schema") else 0.1):
            schema["additionalProperties"] = self.often(0.15)
        if self.often(0.02):
            schema["minProperties"] = 1
        return schema

    def field(self, name: str, depth: int) -> Any:
        """The schema of one field."""
        draw = self.rng.random()
        if draw < 0.015:
            return self.rng.choice(({}, True, {"description": self.words()}))
        if draw < 0.14 and depth < 3:
            inner = {
                each: self.field(each, depth + 1) for each in self.names(self.rng.randint(1, 5))
            }
            schema: dict[str, Any] = self.object(inner)
            if self.style != "person" and self.often(0.5):
                return self.annotated(self.reference(name, schema), name)
        elif draw < 0.28 and depth < 3:
            schema = {"type": "array", "items": self.field(name, depth + 1)}
            if self.often(0.15):
                schema.pop("items")
            if self.often(0.2):
                schema["minItems"] = self.rng.randint(0, 2)
            if self.often(0.2):
                schema["maxItems"] = self.rng.randint(2, 200)
            if self.often(0.06):
                schema["uniqueItems"] = True
        elif draw < 0.40:
            schema = self.enum()
        else:
            schema = self.scalar()
        return self.annotated(self.nullable(schema), name)

    def reference(self, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        title = "".join(each.title() for each in re.findall("[A-Za-z]+", name)) or "Thing"
        self.definitions.setdefault(title, schema)
        reference = {"$ref": f"#/{self.place}/{title}"}
        if self.often(0.2):
            return {"allOf": [reference]}
        return {"anyOf": [reference, {"type": "null"}]} if self.often(0.25) else reference

    def enum(self) -> dict[str, Any]:
        values = self.rng.sample(
            ("open", "closed", "in progress", "A", "B", "n/a", "Österreich"), 3
        )
        draw = self.rng.random()
        if draw < 0.7:
            return {"type": "string", "enum": values}
        if draw < 0.8:
            return {"enum": values}
        if draw < 0.86:
            return {"type": "integer", "enum": [1, 2, 3]}
        if draw < 0.92:
            return {"oneOf": [{"const": each, "title": each.title()} for each in values]}
        return {"const": values[0]} if draw < 0.96 else {"enum": [*values, 3, None]}

    def scalar(self) -> dict[str, Any]:
        kind = self.rng.choice(("string",) * 6 + ("integer", "number", "boolean"))
        schema: dict[str, Any] = {"type": kind}
        if kind == "string":
            if self.often(0.2):
                schema["format"] = self.rng.choice(
                    ("date", "date-time", "time", "email", "uri", "uuid", "hostname", "password")
                )
            if self.often(0.1):
                schema["minLength"] = self.rng.randint(0, 3)
            if self.often(0.1):
                schema["maxLength"] = self.rng.randint(4, 200)
            if self.often(0.1):
                schema["pattern"] = self.rng.choice(
                    (
                        r"^\d{5}$",
                        "[A-Z]{2}",
                        r"^[^@]+@[^@]+$",
                        r"^(?=.*\d).+$",
                        "^R-[0-9]+(/[a-z])?$",
                    )
                )
            if self.often(0.02):
                schema["contentEncoding"] = "base64"
        elif kind in ("integer", "number"):
            if self.often(0.3):
                schema["minimum"] = self.rng.choice((0, 1, 0.5) if kind == "number" else (0, 1))
            if self.often(0.15):
                schema["maximum"] = self.rng.choice((100, 99999))
            if self.often(0.08):
                schema["exclusiveMinimum"] = 0 if self.style != "openapi" else True
            if self.often(0.05):
                schema["multipleOf"] = 1 if kind == "integer" else 0.01
        if self.often(0.02):
            schema["type"] = ["string", "integer"]
        if self.style == "person" and self.often(0.04):
            schema.pop("type")
        return schema

    def nullable(self, schema: dict[str, Any]) -> dict[str, Any]:
        if not self.often(0.15):
            return schema
        if self.style == "openapi" and self.often(0.8):
            return schema | {"nullable": True}
        if self.style in ("pydantic", "zod"):
            return {"anyOf": [schema, {"type": "null"}]}
        if isinstance(schema.get("type"), str):
            pair = [schema["type"], "null"]
            listed = pair if self.often(0.8) else pair[::-1]
            values = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
            return schema | {"type": listed} | values
        return schema

    def annotated(self, schema: dict[str, Any], name: str, *, bare: bool = False) -> dict[str, Any]:
        found = dict(schema)
        if self.often(0.3):
            found["description"] = self.words() + ("\n\nSee the list." if self.often(0.05) else "")
        if self.style == "pydantic" and self.often(0.8):
            found["title"] = name.replace("_", " ").title()
        if bare:
            return found
        if self.often(0.12):
            found["default"] = self.value(schema)
        if self.often(0.08):
            found["examples"] = [self.value(schema) for _ in range(self.rng.randint(1, 2))]
        if self.style == "openapi" and self.often(0.06):
            found["example"] = self.value(schema)
        if self.often(0.02):
            found[self.rng.choice(("deprecated", "readOnly", "writeOnly"))] = True
        if self.style == "openapi" and self.often(0.03):
            found["x-order"] = self.rng.randint(1, 9)
        return found

    def value(self, schema: dict[str, Any]) -> Any:
        """A value that may be one of the schema, as far as its writer looked."""
        if self.often(0.1):
            return None
        if "enum" in schema:
            return schema["enum"][0]
        kind = schema.get("type")
        kind = kind[0] if isinstance(kind, list) else kind
        made: dict[Any, Any] = {
            "integer": self.rng.randint(0, 120),
            "number": self.rng.choice((0, 1.5, 20.0)),
            "boolean": self.often(0.5),
            "array": [],
            "object": {},
        }
        return made.get(kind, self.rng.choice(("", "Main Street 5", "2026-03-01", "EUR")))


def draw_payload(seed: int) -> dict[str, Any]:
    """The payload of a workflow."""
    rng = random.Random(seed)
    schemas = {"input_schema": Schemas(rng).root(secrets=True)}
    if rng.random() < 0.8:
        schemas["output_schema"] = Schemas(rng).root(secrets=False)
    names = [
        name.lstrip("$")
        for schema in schemas.values()
        for name in schema["properties"]
        if re.fullmatch(r"\$?\w+", name)
    ] or ["nothing"]
    lines = []
    for line in rng.sample(PROMPT, rng.randint(2, 6)):
        lines.append(re.sub("%s", lambda _: rng.choice(names), line))
    body: dict[str, Any] = {"name": f"Workflow {seed}", "main_prompt": "\n".join(lines)}
    for key, schema in schemas.items():
        body[key] = json.dumps(schema, ensure_ascii=False, indent=rng.choice((None, 2, 4)))
    return body


def examine(body: dict[str, Any]) -> tuple[bool, list[str]]:
    """Whether a payload comes back the same, and why it is not typed."""
    project = import_workflows([body])
    problems = [
        part for part in ("inputs", "outputs") if any(f".{part}." in x for x in project.files)
    ]
    done = compile_project(
        MemoryFiles(dict(project.files)), _flows(project.files), CompileOptions()
    )
    if done.bundle is None:
        errors = [each for each in done.analysis.diagnostics if each.severity == "error"]
        return False, [*problems, f"error {errors[0].name}"]
    (back,) = round_trip.served(done.bundle).values()
    same = back["main_prompt"] == body["main_prompt"] and all(
        json.loads(back.get(key) or "null") == json.loads(body.get(key, "null"))
        for key in ("input_schema", "output_schema")
    )
    source = b"".join(project.files.values()).decode()
    if "inputs" not in problems:
        (workflow,) = done.analysis.model.workflows
        found = {f"${field.wire_name}" for field in workflow.secrets}
        schema = json.loads(body.get("input_schema", "{}"))
        wanted = {each for each in schema.get("properties", {}) if each.startswith("$")}
        problems += [] if found == wanted else ["secrets"]
    return same, problems if source else ["nothing"]


def _flows(files: Any) -> list[str]:
    return [path for path in files if path.endswith(".flow")]


def main() -> int:
    """Print the shares; 0 if they reach the goals."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--payloads", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first payload")
    parser.add_argument("--show", type=int, default=5, help="how many seeds to list by reason")
    options = parser.parse_args()
    same = typed = 0
    reasons: defaultdict[str, list[int]] = defaultdict(list)
    for seed in range(options.seed, options.seed + options.payloads):
        kept, problems = examine(draw_payload(seed))
        same += kept
        typed += not problems
        for reason in (*problems, *(() if kept else ("changed",))):
            reasons[reason].append(seed)
    count = options.payloads
    print(f"{count} payloads: {same} the same, {typed} typed ({typed / count:.1%})")
    for reason, seeds in sorted(reasons.items(), key=lambda pair: -len(pair[1])):
        print(f"  {len(seeds):5} {reason} ({', '.join(map(str, seeds[: options.show]))})")
    return 0 if same == count and typed >= GOAL * count and "secrets" not in reasons else 1


if __name__ == "__main__":
    sys.exit(main())
