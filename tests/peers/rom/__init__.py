# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""An independent model of ST's bootloaders in system memory, to test hosts with.

It is written from ST's papers and its users' reports alone, and shares no line and
no table with libsfi or its virtual chips.  Each behaviour names its source, or
says "ours" where no source is public.  Where sources disagree there is a quirk
(quirks.py) for each reading.  It was never compared with silicon.
"""
