"""Runs the rules over a program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from flowdsl.diagnostics.diagnostic import Diagnostic, DiagnosticSpec
from flowdsl.diagnostics.sink import Sink
from flowdsl.semantics.semantic_model import SemanticModel
from flowdsl.source.record import Record
from flowdsl.source.text import SourceFile
from flowdsl.syntax import ast

from .context import LintContext, Unused
from .options import LintOptions
from .rule import InSource, LinkedFiles, LoadedRule, Rule, UnusedName, Words
from .texts.prose import HAS_PROSE, Prose, prose_of
from .unused import find_unused_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .texts.forbidden import ForbiddenWords


class Linted(Record):
    """The files to lint, at `paths`, and the rules.

    `whole`: these are all flows of the project, so that a declaration that none of them uses is
    unused.
    """

    paths: frozenset[str]
    whole: bool
    rules: tuple[Rule, ...]

    def can_find(self, name: str, path: str) -> bool:
        """Whether the rule `name` runs over the file at `path`; true for any other name."""
        rule = next((rule for rule in self.rules if rule.name == name), None)
        if rule is None:
            return True
        return path in self.paths and (self.whole or not rule.needs_whole_program)


def run_rules(model: SemanticModel, linted: Linted, options: LintOptions, sink: Sink) -> None:
    """Run the rules over the files to lint, but not over files that these only import."""
    modules = [module for module in model.modules if module.source.path in linted.paths]
    if not modules:
        return
    runner = _Runner(LintContext(model, options, sink), linted.rules)
    for module in modules:
        runner.module(module)
    groups = _group_files(model, linted)
    for found in find_unused_names(model, groups, sink, whole=linted.whole):
        if found[0].source.path in linted.paths:
            runner.unused(found)
    if linted.whole:
        by_path = {module.source.path: module for module in modules}
        for group in groups:
            runner.check_linked_files(tuple(by_path[path] for path in group if path in by_path))


def _group_files(model: SemanticModel, linted: Linted) -> list[tuple[str, ...]]:
    """The paths of all files in groups that imports connect.

    One group when the program is not whole, since others may connect them.
    """
    texts = {module.source.path: module.source.text for module in model.modules}
    paths = sorted({*texts, *linted.paths})
    if not linted.whole:
        return [tuple(paths)]
    from flowdsl.semantics.names.files import group_connected_paths, imports_in

    return group_connected_paths(paths, lambda path: imports_in(path, texts.get(path, "")))


class _Runner:
    """Calls the rules whose triggers a program fires.

    The module of a rule is imported when it is called for the first time.
    """

    def __init__(self, context: LintContext, rules: Iterable[Rule]) -> None:
        self.context = context
        self._loaded: dict[Rule, LoadedRule] = {}
        self._on_node: dict[type[ast.Node], list[Rule]] = {}
        self._on_word: dict[str, list[tuple[Rule, tuple[str, ...]]]] = {}
        self._on_source: list[tuple[tuple[str, ...], Rule]] = []
        self._on_unused: dict[str, list[Rule]] = {}
        self._on_linked: list[Rule] = []
        self._all_enabled = context.options.all_enabled
        self._path = ""
        self._forbidden: ForbiddenWords | None = None
        if context.options.forbid_entries:
            from .texts.forbidden import ForbiddenWords

            self._forbidden = ForbiddenWords(context.options.forbid_entries)
        for rule in rules:
            for trigger in rule.triggers:
                match trigger:
                    case Words(words=words, roles=roles):
                        for word in words:
                            self._on_word.setdefault(word, []).append((rule, roles))
                    case InSource(texts=texts):
                        self._on_source.append((texts, rule))
                    case UnusedName(kind=kind):
                        self._on_unused.setdefault(kind, []).append(rule)
                    case LinkedFiles():
                        self._on_linked.append(rule)
                    case _:
                        self._on_node.setdefault(trigger, []).append(rule)
        self._seen = HAS_PROSE.union(self._on_node)

    def _call_rule(self, rule: Rule, found: object) -> None:
        if rule.when is not None and not rule.when(self.context, found):
            return
        loaded = self._loaded.get(rule)
        if loaded is None:
            loaded = self._loaded[rule] = rule.load()
        # A rule about several files may be switched off for the first of them alone.
        everywhere = self._all_enabled or isinstance(found, tuple)
        if everywhere or self.context.options.is_enabled(loaded.spec, self._path):
            loaded.check(self.context, found)

    def _enter_declaration(self, module: ast.Module, declaration: ast.Decl | None) -> None:
        self.context.module, self.context.declaration = module, declaration
        self._path = module.source.path

    def module(self, module: ast.Module) -> None:
        """Call the rules for one file and its declarations."""
        self._enter_declaration(module, None)
        source = module.source.text
        for texts, rule in self._on_source:
            if any(text in source for text in texts):
                self._call_rule(rule, module)
        heads: list[ast.Node] = [module, *module.imports]
        for node in heads:
            if type(node) in self._seen:
                self._check_node(node)
        for declaration in module.declarations:
            self.context.declaration = declaration
            for node in (declaration, *_parts_of_declaration(self.context, declaration)):
                if type(node) in self._seen:
                    self._check_node(node)

    def _check_node(self, node: ast.Node) -> None:
        for rule in self._on_node.get(type(node), ()):
            self._call_rule(rule, node)
        if type(node) in HAS_PROSE:
            for prose in prose_of(node, self.context.module.source):
                self._check_prose(prose)

    def _check_prose(self, prose: Prose) -> None:
        fired: dict[Rule, None] = {}
        for word in self._on_word.keys() & prose.words():
            for rule, roles in self._on_word[word]:
                if not roles or prose.role in roles:
                    fired[rule] = None
        for rule in fired:
            self._call_rule(rule, prose)
        if self._forbidden is not None:
            self._forbidden.check(self.context, prose)

    def unused(self, found: tuple[ast.Module, ast.Decl | None, Unused]) -> None:
        module, declaration, unused = found
        self._enter_declaration(module, declaration)
        for rule in self._on_unused.get(unused.kind, ()):
            self._call_rule(rule, unused)

    def check_linked_files(self, modules: tuple[ast.Module, ...]) -> None:
        if modules:
            self._enter_declaration(modules[0], None)
            for rule in self._on_linked:
                self._call_rule(rule, modules)


def _parts_of_declaration(context: LintContext, declaration: ast.Decl) -> Iterator[ast.Node]:
    """The sections, checks and statements of a declaration."""
    match declaration:
        case ast.TaskDecl(body=body):
            yield from context.statements(body)
        case ast.WorkflowDecl(items=items):
            for item in items:
                yield item
                if isinstance(item, ast.StepsSection):
                    yield from context.statements(item.body)
                elif isinstance(item, ast.ChecksSection):
                    yield from item.checks
        case ast.ChainDecl(items=items):
            yield from items
        case ast.TestDecl(items=items):
            yield from items
        case _:
            pass


# Which findings are enabled: not suppressed, and with the severity that the project gives them.


def select_enabled_findings(
    model: SemanticModel,
    linted: Linted,
    options: LintOptions,
    known: Callable[[], Mapping[str, DiagnosticSpec]],
    sink: Sink,
    uncertain: frozenset[str] = frozenset(),
) -> tuple[tuple[Diagnostic, ...], frozenset[str]]:
    """The enabled findings of `sink` in order, and the names of errors that comments suppress.

    Errors in suppressions are among the findings. `known` gives all diagnostics by name. In the
    files at `uncertain` findings may be missing, so that no suppression there is unused.
    """
    found = [
        each for each in sink.findings_in_order() if options.is_enabled(each.spec, each.span.path)
    ]
    modules = [module for module in model.modules if may_suppress(module.source)]
    silenced: frozenset[str] = frozenset()
    if modules:
        from .suppressions import apply_suppressions

        def ran(spec: DiagnosticSpec, path: str) -> bool:
            may_find = path not in uncertain and linted.can_find(spec.name, path)
            return may_find and options.is_enabled(spec, path)

        remarks = Sink()
        kept, silenced = apply_suppressions(found, modules, known(), ran, remarks)
        remarked = (
            each
            for each in remarks.findings_in_order()
            if options.is_enabled(each.spec, each.span.path)
        )
        found = [*kept, *remarked]
        found.sort(key=Diagnostic.sort_key)
    return tuple(map(options.adjust_severity, found)), silenced


def may_suppress(source: SourceFile) -> bool:
    """Whether a file may hold a suppression; most hold none, and need no second look."""
    return "ignore" in source.text and "flow:" in source.text
