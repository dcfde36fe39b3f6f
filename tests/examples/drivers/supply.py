"""A driver that says what it takes; nobody ever runs it."""


class Supply:
    def set_voltage(self, channel, volts: float):
        return None

    def query(self, command: str, *, unit: "str | None" = None):
        return ""
