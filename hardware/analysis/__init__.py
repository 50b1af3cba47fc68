"""What follows from costs: reports, bands, verdict, break-even, lanes, and the figures of other tools."""
