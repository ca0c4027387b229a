"""What a namespace must hold: a plain dictionary of paths, and what each change makes of it.

A file is the bytes that were put, a folder is None. Changes are functions from one dictionary to the next; `Refused` is
raised where the cluster must refuse, too.
"""


class Refused(Exception):
    pass


def parents(path):
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def is_folder(state, path):
    return path in state and state[path] is None


def with_folders(state, paths):
    for path in paths:
        if state.get(path) is not None:
            raise Refused(f"{path} is a file")
    return {**state, **{path: None for path in paths}}


def put(state, path, content, replaces):
    made = with_folders(state, parents(path))
    if is_folder(state, path) or (path in state and not replaces):
        raise Refused(f"{path} is taken")
    return {**made, path: content}


def mkdir(state, path):
    return with_folders(state, parents(path) + [path])


def tree(state, path):
    """What stands at the path and below."""
    return {other: node for other, node in state.items() if other == path or other.startswith(path + "/")}


def remove(state, path, recursively):
    gone = tree(state, path)
    if not gone or (len(gone) > 1 and not recursively):
        raise Refused(f"{path} is missing or not empty")
    return {other: node for other, node in state.items() if other not in gone}


def move(state, source, target, replaces):
    """As `mv`: into a folder that exists, under its own name."""
    if is_folder(state, target):
        target = target + "/" + source.split("/")[-1]
    moved = tree(state, source)
    if not moved:
        raise Refused(f"{source} is missing")
    if source == target:
        return state
    if is_folder(state, source) and (target + "/").startswith(source + "/"):
        raise Refused("into itself")
    above = parents(target)
    if above and not is_folder(state, above[-1]):
        raise Refused(f"the folder of {target} is missing")
    is_file = not is_folder(state, source)
    if target in state and not (replaces and is_file and not is_folder(state, target)):
        raise Refused(f"{target} is taken")
    rest = {other: node for other, node in state.items() if other not in moved}
    return {**rest, **{target + other[len(source):]: node for other, node in moved.items()}}
