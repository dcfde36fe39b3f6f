"""Instruments that come with hardseq: ``use: scpi.Instrument`` and the like, in any sequence.

They are drivers like a project's own: plain classes without a base. Each imports its library only when an instrument is
opened, so that a stand without serial ports needs no serial library.
"""
