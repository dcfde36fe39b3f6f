"""What a stand has only once; nobody ever runs it."""


class Meter:
    def __init__(self, address="", channel=1):
        pass

    def configure(self, kind):
        pass

    def select(self, channel):
        pass

    def on(self):
        pass

    def volts(self):
        return 5.0

    @property
    def amps(self):
        return 1.0


class Chamber:
    def heat(self, celsius):
        pass

    def celsius(self):
        return 25.0


class Board:
    def __init__(self, port):
        pass

    def configure(self, kind):
        pass

    def volts(self):
        return 5.0
