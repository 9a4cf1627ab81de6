/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The wire of a UART: see line.h. */
#include "line.h"

/* A bit is sampled in the middle third of three samples of 16: RM0394, 38.5.3,
 * "start bit detection" and "data sampling when oversampling by 16". */
#define SAMPLES 16u

static const struct line_frame *
frame_at(const struct line *line, uint32_t i)
{
    return &line->frame[(line->first + i) % LINE_FRAMES];
}

/* Where bit @bit of a frame begins. */
static board_time
bit_time(const struct line_frame *frame, unsigned bit)
{
    return frame->start + bit * frame->bit;
}

static board_time
frame_end(const struct line_frame *frame)
{
    return bit_time(frame, frame->count);
}

static bool
frame_level(const struct line_frame *frame, unsigned bit)
{
    return frame->levels >> bit & 1;
}

/* How many frames start at @at or before. */
static uint32_t
frames_until(const struct line *line, board_time at)
{
    uint32_t low = 0, high = line->count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (frame_at(line, mid)->start <= at)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

unsigned
line_half_bits(const struct line_format *format)
{
    return 2 + 2 * (format->data + (format->parity != LINE_PARITY_NONE)) +
           format->stop_halves;
}

board_time
line_length(const struct line_format *format)
{
    return line_half_bits(format) * format->bit / 2;
}

board_time
line_free_at(const struct line *line)
{
    return line->count == 0 ? 0 : frame_end(frame_at(line, line->count - 1));
}

board_time
line_send_levels(struct line *line, board_time bit, board_time at,
                 uint16_t levels, unsigned count)
{
    board_time free_at = line_free_at(line);
    struct line_frame *frame;

    if (line->count == LINE_FRAMES)
        return 0;
    frame = &line->frame[(line->first + line->count) % LINE_FRAMES];
    frame->start = at < free_at ? free_at : at;
    frame->bit = bit;
    frame->levels = levels;
    frame->count = (uint16_t)count;
    line->count++;
    return frame_end(frame);
}

/* The value of a parity bit over @value. */
static unsigned
parity_of(unsigned value, enum line_parity parity)
{
    unsigned odd = parity == LINE_PARITY_ODD;

    for (; value != 0; value &= value - 1)
        odd ^= 1;
    return odd;
}

board_time
line_send(struct line *line, const struct line_format *format, board_time at,
          uint16_t value)
{
    unsigned mask = (1u << format->data) - 1, bits = format->data;
    unsigned word = value & mask;

    if (format->parity != LINE_PARITY_NONE)
        word |= parity_of(word, format->parity) << bits++;
    /* Half a stop bit takes a whole one here. */
    unsigned stop = (format->stop_halves + 1) / 2;
    unsigned levels = word << 1 | ((1u << stop) - 1) << (bits + 1);

    return line_send_levels(line, format->bit, at, (uint16_t)levels,
                            1 + bits + stop);
}

bool
line_level(const struct line *line, board_time at)
{
    uint32_t n = frames_until(line, at);
    const struct line_frame *frame = n == 0 ? NULL : frame_at(line, n - 1);

    if (frame == NULL || at >= frame_end(frame))
        return true;

    return frame_level(frame, (unsigned)((at - frame->start) / frame->bit));
}

/* The level from the beginning of bit @bit of frame @i on; behind its last bit
 * that of what follows. */
static bool
level_from(const struct line *line, uint32_t i, unsigned bit)
{
    const struct line_frame *frame = frame_at(line, i);

    if (bit < frame->count)
        return frame_level(frame, bit);
    if (i + 1 == line->count || frame_at(line, i + 1)->start > frame_end(frame))
        return true;
    return frame_level(frame_at(line, i + 1), 0);
}

/* The level until the beginning of bit @bit of frame @i. */
static bool
level_until(const struct line *line, uint32_t i, unsigned bit)
{
    const struct line_frame *frame = frame_at(line, i), *before;

    if (bit > 0)
        return frame_level(frame, bit - 1);
    if (i == 0)
        return true;
    before = frame_at(line, i - 1);
    return frame_end(before) < frame->start ||
           frame_level(before, before->count - 1u);
}

bool
line_edge(const struct line *line, bool level, board_time from, board_time *at)
{
    uint32_t i = frames_until(line, from);

    for (i = i == 0 ? 0 : i - 1; i < line->count; i++) {
        const struct line_frame *frame = frame_at(line, i);
        unsigned bit;

        for (bit = 0; bit <= frame->count; bit++) {
            board_time t = bit_time(frame, bit);

            if (t >= from && level_from(line, i, bit) == level &&
                (t == 0 || level_until(line, i, bit) != level)) {
                *at = t;
                return true;
            }
        }
    }
    return false;
}

/* When sample @n of bit @bit is taken, from the edge of the start bit. */
static board_time
sample_time(const struct line_format *format, unsigned bit, unsigned n)
{
    board_time halves = 2 * (SAMPLES * (board_time)bit + n) - 1;

    return halves * format->bit / (2 * SAMPLES);
}

/* The level at sample @n (1 to 16) of bit @bit after a start bit at @start. */
static bool
sample(const struct line *line, const struct line_format *format,
       board_time start, unsigned bit, unsigned n)
{
    return line_level(line, start + sample_time(format, bit, n));
}

/* Samples 8, 9 and 10 vote; they say if they disagree. */
static bool
vote(const struct line *line, const struct line_format *format,
     board_time start, unsigned bit, bool *noise)
{
    int high = sample(line, format, start, bit, 8) +
               sample(line, format, start, bit, 9) +
               sample(line, format, start, bit, 10);

    *noise |= high == 1 || high == 2;
    return high >= 2;
}

/* RM0394, 38.5.3: two of the samples 3, 5 and 7 and two of 8, 9 and 10 must be
 * low, and one that is high is noise. */
static bool
is_start(const struct line *line, const struct line_format *format,
         board_time start, bool *noise)
{
    int high = sample(line, format, start, 0, 3) +
               sample(line, format, start, 0, 5) +
               sample(line, format, start, 0, 7);

    *noise |= high == 1;
    return high <= 1 && !vote(line, format, start, 0, noise);
}

/* Are all samples of bits 0 to @last of a character within the same bits of the
 * frame that begins where it does?  Sampling drifts one way, so that the last
 * bit tells. */
static bool
is_in_step(const struct line_frame *frame, const struct line_format *format,
           unsigned last)
{
    return last < frame->count &&
           sample_time(format, last, 8) >= last * frame->bit &&
           sample_time(format, last, 10) < (last + 1) * frame->bit;
}

/* Bits 1 to @last of the character at @start, a vote for each. */
static unsigned
read_bits(const struct line *line, const struct line_format *format,
          board_time start, unsigned last, bool *noise)
{
    uint32_t n = frames_until(line, start);
    const struct line_frame *frame = n == 0 ? NULL : frame_at(line, n - 1);
    unsigned bit, levels = 0;

    if (frame != NULL && frame->start == start &&
        is_in_step(frame, format, last))
        return frame->levels >> 1 & ((1u << last) - 1);
    for (bit = 1; bit <= last; bit++)
        levels |= (unsigned)vote(line, format, start, bit, noise) << (bit - 1);
    return levels;
}

bool
line_read(const struct line *line, const struct line_format *format,
          board_time from, struct line_word *out)
{
    unsigned bits = format->data + (format->parity != LINE_PARITY_NONE);
    unsigned levels, value;
    bool noise = false;
    board_time start;

    for (;; from = start + 1) {
        if (!line_edge(line, false, from, &start))
            return false;
        noise = false;
        if (is_start(line, format, start, &noise))
            break;
    }
    levels = read_bits(line, format, start, bits + 1, &noise);
    value = levels & ((1u << bits) - 1);
    out->start = start;
    out->framing = levels >> bits == 0;
    out->done = start + (SAMPLES * (bits + 1u) + 10) * format->bit / SAMPLES;
    out->noise = noise;
    out->value = (uint16_t)value;
    out->parity = format->parity != LINE_PARITY_NONE &&
                  parity_of(value & ((1u << format->data) - 1),
                            format->parity) != value >> format->data;
    return true;
}

board_time
line_skip(const struct line *line, const struct line_format *format,
          board_time from, board_time now)
{
    board_time start;
    bool noise = false;

    while (line_edge(line, false, from, &start) && start + format->bit <= now &&
           !is_start(line, format, start, &noise))
        from = start + 1;
    return from;
}

void
line_forget(struct line *line, board_time before)
{
    while (line->count > 0 && frame_end(frame_at(line, 0)) < before) {
        line->first = (line->first + 1) % LINE_FRAMES;
        line->count--;
    }
}

void
line_cut(struct line *line, board_time from)
{
    struct line_frame *last;
    unsigned done;

    while (line->count > 0 && frame_at(line, line->count - 1)->start >= from)
        line->count--;
    if (line->count == 0 || line_free_at(line) <= from)
        return;
    last = &line->frame[(line->first + line->count - 1) % LINE_FRAMES];
    done = (unsigned)((from - last->start) / last->bit);
    last->levels |= (uint16_t)(0xffffu << (done + 1));
}
