import openhtf as htf
from drivers.bench import Meter
from openhtf.output.callbacks import json_factory
from openhtf.plugs import BasePlug, plug
from openhtf.util import units


class MeterPlug(BasePlug):
    def __init__(self):
        self.meter = Meter()

    def tearDown(self):
        self.meter.close()


@htf.measures(
    htf.Measurement("rail_5v").in_range(4.8, 5.2).with_units(units.VOLT),
    htf.Measurement("rail_3v3").within_percent(3.3, 2).with_units(units.VOLT),
    htf.Measurement("firmware").equals("v1.12"),
)
@plug(bench=MeterPlug)
def rails(test, bench):
    test.measurements.rail_5v = bench.meter.read_voltage(1)
    test.measurements.rail_3v3 = bench.meter.read_voltage(2)
    test.measurements.firmware = bench.meter.firmware()


@htf.PhaseOptions(repeat_on_measurement_fail=True, repeat_limit=3, timeout_s=10)
@htf.measures(htf.Measurement("contact").in_range(maximum=0.5).with_units(units.OHM))
@plug(bench=MeterPlug)
def contact(test, bench):
    test.measurements.contact = bench.meter.read_resistance()


def main():
    test = htf.Test(rails, contact, test_name="Board test", test_version="3.1", part_number="B-100")
    test.add_output_callbacks(json_factory.OutputToJSON("{dut_id}.json"))
    test.execute(test_start=lambda: "SN000001")


if __name__ == "__main__":
    htf.util.configuration.CONF.load(station_id="station-3")
    main()
