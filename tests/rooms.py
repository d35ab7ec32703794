"""The rules of the house, as functions of its code alone: module name -> source in, a line for each breach out.

A module is called by its path below genga/, `drawings.shots`; a script `scripts.shots`. Imports are read from the
syntax tree wherever they stand, so one inside a function counts.
"""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from genga.stages import ROOMS
from genga.workflow.code_hash import imported_names

# Where a library may be imported: rooms, or single modules.
LIBRARIES = {
    "av": {"images", "video"},
    # One stage has a captioner of transformers, and is the only one that can reach this module.
    "torch": {"training", "evaluation", "dataset._describe.local"},
    "transformers": {"training", "evaluation", "dataset._describe.local"},
    "diffusers": {"training", "evaluation"},
    "peft": {"training", "evaluation"},
    "lycoris": {"training.adapters"},
    "onnxruntime": {"models.onnx", "drawings._text.finder"},  # the latter for a graph that belongs to the code
    "typer": {"cli", "jobs", "scripts"},
    "starlette": {"desk"},
    "uvicorn": {"desk"},
    "csv": {"decisions", "people.labels"},  # which reads the vocabularies of published models
}
# What numpy hands to BLAS or LAPACK, which add up in the order of a processor's kernel and of its threads ..
BY_BLAS = {"linalg", "dot", "vdot", "inner", "matmul", "tensordot", "einsum", "polyfit", "convolve", "correlate", "cov",
           "corrcoef"}  # fmt: skip
# .. and the modules that may, since every sum there is of whole numbers that float64 holds exactly, or torch's.
EXACT = {"drawings.frames", "evaluation.memorization", "people.clustering", "training.lora_file",
         "training._merge.lora"}  # fmt: skip
# What sets something for the whole process, and the one module that may.
SWITCHES = {"setNumThreads": "jobs.script", "set_num_threads": "training.device"}

Sources = Mapping[str, str]  # module -> source


def sources_of(root: Path) -> dict[str, str]:
    """Return every module of genga/ and every script, but for packages' own files."""
    paths = [*(root / "genga").rglob("*.py"), *(root / "scripts").glob("*.py")]
    found = {}
    for path in sorted(path for path in paths if path.name != "__init__.py"):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[1:] if parts[0] == "genga" else parts)] = path.read_text(encoding="utf-8")
    return found


def room_of(module: str) -> str:
    """Return the room of a module; __main__ is the door of cli."""
    return "cli" if module == "__main__" else module.split(".")[0]


@cache
def parsed(source: str) -> ast.Module:
    return ast.parse(source)


@cache
def imported(source: str) -> set[str]:
    """Return the dotted names that a module may import, as what the workflow hashes sees them."""
    return imported_names(parsed(source), "genga")


def graph_of(sources: Sources) -> dict[str, set[str]]:
    """Return for each module the modules of genga that it imports."""
    return {
        module: {name.removeprefix("genga.") for name in imported(source) if name.startswith("genga.")} & sources.keys()
        for module, source in sources.items()
    }


def code_of(start: str, graph: Mapping[str, set[str]]) -> set[str]:
    """Return all modules that a module imports, and those they import, itself among them."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        if (module := waiting.pop()) not in found:
            found.add(module)
            waiting.extend(graph.get(module, ()))
    return found


def upwards(sources: Sources) -> list[str]:
    """Imports go to the same room or a lower one."""
    graph = {module: of for module, of in graph_of(sources).items() if room_of(module) != "scripts"}
    return [
        f"{module} imports {other}: {room_of(other)} is above {room_of(module)}"
        for module, others in sorted(graph.items())
        for other in sorted(others)
        if ROOMS.index(room_of(other)) > ROOMS.index(room_of(module))
    ]


def circles(sources: Sources) -> list[str]:
    """No module imports itself, by whatever way."""
    try:
        TopologicalSorter(graph_of(sources)).prepare()
    except CycleError as error:
        return [" imports ".join(reversed(error.args[1]))]
    return []


def trespasses(sources: Sources) -> list[str]:
    """A path with a part `_x` is imported only from beneath its parent."""
    return [
        f"{module} imports {other}, private to {parent}"
        for module, others in sorted(graph_of(sources).items())
        for other in sorted(others)
        for parent in _parents_of_private(other)
        if not module.startswith(f"{parent}.")
    ]


def _parents_of_private(module: str) -> Iterator[str]:
    parts = module.split(".")
    yield from (".".join(parts[:place]) for place, part in enumerate(parts) if part.startswith("_") and place)


def families_known(sources: Sources) -> list[str]:
    """A family of bases is found by its name: no module outside training/families imports one."""
    folder = "training.families."
    return [
        f"{module} imports {other}, a family, which is found by its name"
        for module, others in sorted(graph_of(sources).items())
        for other in sorted(others)
        if other.startswith(folder) and other != f"{folder}family" and not module.startswith(folder)
    ]


def other_stages(sources: Sources, rooms: Mapping[str, str]) -> list[str]:
    """In a stage's code there is no other stage's module and nothing private to one. rooms: of each stage."""
    graph, found = graph_of(sources), []
    for stage in rooms:
        code = code_of(f"scripts.{stage}", graph)
        for other, room in rooms.items():
            own = (f"{room}.{other}", f"{room}._{other}.")
            found += [
                f"stage {stage} holds {module}, which is {other}'s"
                for module in sorted(code)
                if other != stage and (module == own[0] or module.startswith(own[1]))
            ]
    return found


def holders(module: str, sources: Sources, stages: Iterable[str]) -> set[str]:
    """Return the stages in whose code a module is, or one below the folder `module`."""
    graph = graph_of(sources)
    return {
        stage
        for stage in stages
        if any(one == module or one.startswith(f"{module}.") for one in code_of(f"scripts.{stage}", graph))
    }


def strangers(sources: Sources) -> list[str]:
    """A library is imported only where it belongs."""
    return [
        f"{module} imports {library}, which belongs to {' and '.join(sorted(places))}"
        for module, source in sorted(sources.items())
        for library, places in LIBRARIES.items()
        if not {room_of(module), module} & places
        and any(name == library or name.startswith(f"{library}.") for name in imported(source))
    ]


def out_of_place(sources: Sources) -> list[str]:
    """The environment is read in jobs/ and workflow/, column types and paths below data/ stand in tables/ alone.

    And what sets something for the whole process stands in one module.
    """
    found = []
    for module, source in sorted(sources.items()):
        room, tree = room_of(module), parsed(source)
        for node in ast.walk(tree):
            at = f"{module}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv"):
                if room not in ("jobs", "workflow"):
                    found.append(f"{at} reads the environment")
            elif isinstance(node, ast.Attribute) and module != SWITCHES.get(node.attr, module):
                found.append(f"{at} sets {node.attr}, as {SWITCHES[node.attr]} does")
            elif isinstance(node, ast.Dict) and room != "tables" and any(map(_is_type, node.values)):
                found.append(f"{at} declares columns")
            elif isinstance(node, ast.Constant) and room not in ("tables", "scripts") and _is_path(node.value):
                found.append(f"{at} has a path below data/")
    return found


def _is_type(value: ast.expr) -> bool:
    """Whether it is a polars type: `pl.Int64`, `pl.List(pl.String)`."""
    name = value.func if isinstance(value, ast.Call) else value
    parts = ast.unparse(name).split(".")
    return len(parts) == 2 and parts[0] == "pl" and parts[1] not in ("DataFrame", "Series") and parts[1][:1].isupper()


def summed_elsewhere(sources: Sources) -> list[str]:
    """Only modules in EXACT multiply matrices; small ones do by genga.images.affine."""
    return [
        f"{module}:{node.lineno} adds up by BLAS, whose order is not fixed"
        for module, source in sorted(sources.items())
        if module not in EXACT
        for node in ast.walk(parsed(source))
        if isinstance(node, ast.BinOp | ast.AugAssign)
        and isinstance(node.op, ast.MatMult)
        or isinstance(node, ast.Attribute)
        and node.attr in BY_BLAS
    ]


def _is_path(value: object) -> bool:
    return isinstance(value, str) and (value == "data" or value.startswith("data/")) and " " not in value


def undeclared(sources: Sources, stage: str, declared: Collection[str]) -> list[str]:
    """A stage's code holds the tables that it declares, and no others. declared: their names."""
    code = code_of(f"scripts.{stage}", graph_of(sources))
    held = {module.removeprefix("tables.") for module in code if module.startswith("tables.")} - {"schema", "places"}
    found = [f"stage {stage} holds table {name} and does not declare it" for name in sorted(held - set(declared))]
    return found + [
        f"stage {stage} declares table {name} and has no use for it" for name in sorted(set(declared) - held)
    ]


def nameless(sources: Sources, rooms: Mapping[str, str]) -> list[str]:
    """The module `<room>.<stage>` has the function `<stage>`. rooms: of each stage."""
    found = []
    for stage, room in rooms.items():
        body = parsed(sources.get(f"{room}.{stage}", "")).body
        if stage not in {node.name for node in body if isinstance(node, ast.FunctionDef)}:
            found.append(f"{room}.{stage} has no function {stage}")
    return found


def too_long(sources: Sources) -> list[str]:
    """No file has more than 240 lines, and at most three scripts more than 40."""
    lengths = {module: len(source.splitlines()) for module, source in sources.items()}
    thick = sorted(module for module, length in lengths.items() if room_of(module) == "scripts" and length > 40)
    found = [f"{module} has {length} lines" for module, length in sorted(lengths.items()) if length > 240]
    return found + ([f"{len(thick)} scripts are thick: {', '.join(thick)}"] if len(thick) > 3 else [])


def too_large(sources: Sources, rooms: Mapping[str, str]) -> list[str]:
    """A stage's code is its own room's, and 26 modules of others, tables among them, in the mean of all stages.

    What it holds of others makes it stale for what is not its own. rooms: of each stage.
    """
    graph = graph_of(sources)
    held = {
        stage: sum(room_of(module) != room for module in code_of(f"scripts.{stage}", graph))
        for stage, room in rooms.items()
    }
    return [f"stages hold too much: {held}"] if sum(held.values()) > 26 * len(rooms) else []


def crowded(sources: Sources) -> list[str]:
    """The package has at most 24 entries, its own file among them."""
    entries = {module.split(".")[0] for module in sources if room_of(module) != "scripts"} | {"__init__"}
    return [f"genga/ has {len(entries)} entries"] if len(entries) > 24 else []


def facades(packages: Mapping[str, str]) -> list[str]:
    """A package's own file is a docstring and nothing else. packages: source by package."""
    return [
        f"{package}/__init__.py does more than say what is in it"
        for package, source in sorted(packages.items())
        if ast.get_docstring(ast.parse(source)) is None or len(ast.parse(source).body) != 1
    ]


def unmapped(packages: Mapping[str, str], sources: Sources, named: Collection[str] = ()) -> list[str]:
    """A room's docstring names every module and folder in it, once, and no other. packages: source by package.

    A line of it is the name, two blanks or more, and what it is. named: modules that have their names of something
    else (params.dedup of a stage), and need no line.
    """
    found = []
    for package, source in sorted(packages.items()):
        below = (module.removeprefix(f"{package}.") for module in sources if module.startswith(f"{package}."))
        own = {name.split(".")[0] for name in below if not name.startswith("_")}
        own = {name for name in own if f"{package}.{name}" not in named}
        lines = re.findall(r"^(\w+)  +\S", ast.get_docstring(ast.parse(source)) or "", re.MULTILINE)
        said = set(lines)
        found += [f"{package}/__init__.py names {name} twice" for name in sorted(said) if lines.count(name) > 1]
        found += [f"{package}/__init__.py does not name {name}" for name in sorted(own - said)]
        found += [f"{package}/__init__.py names {name}, which is not there" for name in sorted(said - own)]
    return found
