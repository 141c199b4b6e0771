"""The house keeps its floors: no room imports from a floor above it, and no two modules import each other."""

import ast
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src"
FLOORS = [
    {"messages", "pages", "errors", "signals", "files", "progress", "stats", "text"},
    {"recipe"},
    {"workspace", "tokenizer", "tokenizer_training", "records", "corpus", "names", "jobs"},
    {"chat", "model", "retrieval", "llm", "machine", "computing"},
    {"dataset", "generation", "synth", "export", "reader"},
    {"training", "evaluation", "preferences"},
    {"sweep", "report", "serving"},
    {"pipeline", "api"},
    {"studio"},
    {"cli"},
]
"""Rooms from the ground up. Rooms of one floor may import each other as long as no circle arises."""


def module_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in (SOURCE / "jianghu").rglob("*.py")}


def imports_of(module: str, everywhere: bool) -> set[str]:
    """Modules of this package that a module imports; `everywhere` also counts imports inside functions."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if everywhere else iter(tree.body)
    modules = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1])
            source = f"{base}.{node.module}" if node.module else base
            for name in node.names:
                modules.add(f"{source}.{name.name}" if f"{source}.{name.name}" in MODULES else source)
    return modules - {module}


def room(module: str) -> str:
    return [*module.split("."), ""][1]


def test_every_room_has_a_floor():
    rooms = {room(module) for module in MODULES} - {"", "__main__"}
    assert rooms == {name for floor in FLOORS for name in floor}


def test_no_room_imports_upward():
    floor_of = {name: number for number, floor in enumerate(FLOORS) for name in floor}
    upward = [
        f"{module} imports {target}"
        for module in MODULES
        for target in imports_of(module, everywhere=True)
        if room(module) in floor_of and room(target) in floor_of and floor_of[room(target)] > floor_of[room(module)]
    ]
    assert not upward


def test_no_circle_of_rooms():
    edges: dict[str, set[str]] = {}
    for module in MODULES:
        targets = {room(target) for target in imports_of(module, everywhere=True)} - {room(module), ""}
        edges.setdefault(room(module), set()).update(targets)
    assert not circle(edges)


def test_no_circle_of_modules():
    edges = {module: imports_of(module, everywhere=False) for module in MODULES}
    # A package's __init__ names what its modules define; a module that imports a sibling does not import the index.
    assert not circle(
        {module: {t for t in targets if not module.startswith(t + ".")} for module, targets in edges.items()}
    )


def circle(edges: dict[str, set[str]]) -> list[str]:
    """Names along one circle of a graph; empty if it has none."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for target in sorted(edges.get(name, ())):
            if found := visit(target, [*path, name]):
                return found
        done.add(name)
        return []

    for name in sorted(edges):
        if found := visit(name, []):
            return found
    return []
