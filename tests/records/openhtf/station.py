"""A board's test with what OpenHTF records: limits of each kind, repeats, subtests, errors, attachments, a curve."""

import threading
import time

import openhtf as htf
from openhtf.output.callbacks import json_factory
from openhtf.util import configuration, units

CONF = configuration.CONF
TRIES = {"count": 0}


@htf.measures(
    htf.Measurement("rail_5v").in_range(4.8, 5.2).with_units(units.VOLT).doc("The 5 V rail."),
    htf.Measurement("ripple").in_range(maximum=20, marginal_maximum=15).with_units("millivolt"),
    htf.Measurement("firmware").matches_regex(r"^v1\.\d+$"),
    htf.Measurement("part").equals("board-7"),
    htf.Measurement("channels").equals(4),
    htf.Measurement("reference").within_percent(2.5, 1),
    htf.Measurement("even").with_validator(lambda value: value % 2 == 0),
    htf.Measurement("temperature").with_units(units.DEGREE_CELSIUS),
    htf.Measurement("lid_closed"),
)
def power(test):
    """Rails and identity."""
    values = test.state["values"]
    test.logger.info("measuring %s", test.test_record.dut_id)
    test.measurements.rail_5v = values.get("rail", 5.01)
    test.measurements.ripple = values.get("ripple", 17)
    test.measurements.firmware = "v1.12"
    test.measurements.part = "board-7"
    test.measurements.channels = 4
    test.measurements.reference = 2.51
    test.measurements.even = 8
    test.measurements.temperature = 23.5
    test.measurements.lid_closed = True


@htf.PhaseOptions(repeat_limit=3)
@htf.measures(htf.Measurement("contact").in_range(maximum=0.5).with_units(units.OHM))
def contact(test):
    TRIES["count"] += 1
    test.measurements.contact = 0.9 if TRIES["count"] < 3 else 0.2
    return htf.PhaseResult.REPEAT if TRIES["count"] < 3 else htf.PhaseResult.CONTINUE


@htf.PhaseOptions(repeat_on_measurement_fail=True, repeat_limit=2)
@htf.measures(htf.Measurement("settled").in_range(minimum=1))
def settle(test):
    test.state["settled"] = test.state.get("settled", -1) + 1
    test.measurements.settled = test.state["settled"] if test.state["values"].get("settles", True) else 0


@htf.measures(htf.Measurement("curve").with_dimensions(units.HERTZ).with_units(units.DECIBEL))
def response(test):
    for frequency, gain in ((10, -0.5), (100, 0.0), (1000, -3.0)):
        test.measurements.curve[frequency] = gain
    test.attach("notes", b"seen by hand", mimetype="text/plain")


def optional(test):
    return htf.PhaseResult.SKIP


@htf.measures(htf.Measurement("brightness").in_range(100, 200))
def light(test):
    test.measurements.brightness = test.state["values"].get("brightness", 150)


def broken(test):
    if test.state["values"].get("broken"):
        raise ValueError("the relay card does not answer")


@htf.PhaseOptions(timeout_s=0.2)
def slow(test):
    if test.state["values"].get("slow"):
        end = time.monotonic() + 8
        while time.monotonic() < end:
            time.sleep(0.01)


@htf.measures(htf.Measurement("never").in_range(1, 2))
def unset(test):
    if not test.state["values"].get("unset"):
        test.measurements.never = 1.5


def stopper(test):
    if test.state["values"].get("stop"):
        return htf.PhaseResult.STOP
    if test.state["values"].get("abort"):
        threading.Thread(target=test.state["test"].abort_from_sig_int).start()
        end = time.monotonic() + 5
        while time.monotonic() < end:
            time.sleep(0.01)
    return None


def last(test):
    pass


def run(name, serial, **values):
    TRIES["count"] = 0
    test = htf.Test(
        power,
        contact,
        settle,
        response,
        optional,
        htf.Subtest("lamp", light),
        broken,
        slow,
        unset,
        stopper,
        last,
        test_name="Board test",
        test_version="3.1",
        part_number="B-100",
        operator="Ann",
        batch_number="2026-48",
    )
    test.add_output_callbacks(json_factory.OutputToJSON(f"{name}.json"))

    @htf.PhaseOptions(name="trigger")
    def trigger(test_api):
        test_api.dut_id = serial
        test_api.state["values"] = values
        test_api.state["test"] = test

    print(name, test.execute(test_start=trigger))


if __name__ == "__main__":
    CONF.load(station_id="station-3")
    run("pass", "SN000001")
    run("fail", "SN000002", rail=4.2)
    run("retest", "SN000002")
    run("error", "SN000003", broken=True)
    run("timeout", "SN000004", slow=True)
    run("unset", "SN000005", unset=True)
    run("unsettled", "SN000008", settles=False)
    run("abort", "SN000009", abort=True)
    run("stop", "SN000006", stop=True)
    run("subtest", "SN000007", brightness=20)
