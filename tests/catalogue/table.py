"""The table of outcomes: a line for each row, a column for each cell, and totals."""
import collections

from judge import MEANING
from row import CELLS

COLUMNS = [cell.key for cell in CELLS]
PEERS = ("curl", "wget", "aria2c")


def show(rows, outcomes, brief):
    """With `brief` only rows with a run that is not as it should be."""
    by_row = collections.defaultdict(dict)
    for (index, cell, tool), outcome in outcomes.items():
        by_row[index][tool, cell.key] = outcome
    tools = [tool for tool in ("segdl", *PEERS) if any(run[2] == tool for run in outcomes)]
    print("\n" + " ".join(f"{tool + ':':7} " + " ".join(COLUMNS) for tool in tools))
    family = None
    for index in sorted(by_row):
        of_row = by_row[index]
        if brief and all(outcome.fine for outcome in of_row.values()):
            continue
        if rows[index].family != family:
            family = rows[index].family
            print(f"-- {family}")
        print(" ".join(" " * 8 + " ".join(cell_text(of_row.get((tool, column))) for column in COLUMNS) for tool in tools) +
              "  " + rows[index].name)
    show_totals(tools, outcomes)


def totals_line(outcomes, seed, seconds):
    """Of segdl's runs that count, as tools/evidence reads it. `reported-joins`: of two versions, with a message of what was compared (J)."""
    counted = {run: outcome for run, outcome in outcomes.items() if run[2] == "segdl" and outcome.letter != "-"}
    letters = collections.Counter(outcome.letter for outcome in counted.values())
    bad = collections.Counter(outcome.letter for outcome in counted.values() if not outcome.fine)
    other = sum(bad.values()) - bad["W"] - bad["H"] - bad["C"]
    return (f"totals peers: behaviours={len({run[0] for run in counted})} runs={len(counted)} reported-joins={letters['J']} "
            f"wrong={bad['W']} hangs={bad['H']} crashes={bad['C']} other={other}" +
            (f" seed={seed}" if seed is not None else "") + f" seconds={seconds:.0f}")


def beaten(rows, outcomes):
    """{(row's index, peer): (cells, wrong)}: where the peer was right and segdl was not, and how often that peer was wrong in rows of this kind."""
    found = collections.defaultdict(list)
    for (index, cell, tool), outcome in outcomes.items():
        if tool in PEERS and outcome.letter == "R" and outcomes[index, cell, "segdl"].letter not in "R-":
            found[index, tool].append(cell.key)
    wrong = collections.Counter((rows[index].of_kind, tool) for (index, _, tool), outcome in outcomes.items() if outcome.letter == "W")
    return {(index, tool): (sorted(cells), wrong[rows[index].of_kind, tool]) for (index, tool), cells in found.items()}


def show_beaten(rows, outcomes):
    """Where a peer is right by luck, it is wrong elsewhere in rows of the same kind. What is never wrong segdl could do as well."""
    found = beaten(rows, outcomes)
    print("\nRight where segdl is not, and how often wrong in rows of the same kind:")
    for (index, tool), (cells, wrong) in sorted(found.items(), key=lambda item: (item[1][1] > 0, item[0])):
        print(f"{tool:8}{wrong or 'never':>5}  {' '.join(cells)}  {rows[index].key}")
    never = {index for (index, _), (_, wrong) in found.items() if not wrong}
    print(f"{len({index for index, _ in found})} rows, {len(never)} of them with a peer that is never wrong")


def cell_text(outcome):
    if outcome is None:
        return " . "
    return f" {outcome.letter}{' ' if outcome.fine else '!'}"


def show_totals(tools, outcomes):
    print("\nR right, A absent with a message, J joined after a comparison that it tells of, W wrong bytes, H hang, C crash,")
    print("L litter, X undocumented exit, - not counted since the misbehaviour was not sent, . does not apply, ! not as it should be\n")
    print(f"{'':8}" + "".join(f"{letter:>6}" for letter in MEANING if letter != ".") + f"{'counted':>9}{'wrong':>7}")
    for tool in tools:
        letters = collections.Counter(outcome.letter for run, outcome in outcomes.items() if run[2] == tool)
        counted = sum(count for letter, count in letters.items() if letter != "-")
        print(f"{tool:8}" + "".join(f"{letters[letter]:6}" for letter in MEANING if letter != ".") + f"{counted:9}{letters['W']:7}")
