"""Drivers that can say who they are, and some that cannot; nobody ever runs them."""


class Known:
    def identify(self):
        return "Maker,Model,1,1.0"

    def voltage(self):
        return 5.0


class WithAttribute:
    idn = "Maker,Model,1,1.0"

    def voltage(self):
        return 5.0


class Unknown:
    def voltage(self):
        return 5.0


class Asking:
    def identify(self, channel):
        return "Maker,Model,1,1.0"

    def voltage(self):
        return 5.0


class Later:
    async def identify(self):
        return "Maker,Model,1,1.0"

    def voltage(self):
        return 5.0
