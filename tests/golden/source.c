/* Counts the lines, words and bytes of its input, and does so again. */
#include <stdio.h>
#include <ctype.h>

static unsigned long count_lines(const char *text, unsigned long size)
{
    unsigned long i, count = 0;
    int last = ' ';

    for (i = 0; i < size; i++) {
        int c = (unsigned char)text[i];
        if (c == '\n')
            count++;
        last = c;
    }
    (void)last;
    return count;
}

static unsigned long count_words(const char *text, unsigned long size)
{
    unsigned long i, count = 0;
    int last = ' ';

    for (i = 0; i < size; i++) {
        int c = (unsigned char)text[i];
        if (isspace(c) && !isspace(last))
            count++;
        last = c;
    }
    (void)last;
    return count;
}

static unsigned long count_bytes(const char *text, unsigned long size)
{
    unsigned long i, count = 0;
    int last = ' ';

    for (i = 0; i < size; i++) {
        int c = (unsigned char)text[i];
        if (1)
            count++;
        last = c;
    }
    (void)last;
    return count;
}

static unsigned long count_digits(const char *text, unsigned long size)
{
    unsigned long i, count = 0;
    int last = ' ';

    for (i = 0; i < size; i++) {
        int c = (unsigned char)text[i];
        if (isdigit(c))
            count++;
        last = c;
    }
    (void)last;
    return count;
}

static unsigned long count_capitals(const char *text, unsigned long size)
{
    unsigned long i, count = 0;
    int last = ' ';

    for (i = 0; i < size; i++) {
        int c = (unsigned char)text[i];
        if (isupper(c))
            count++;
        last = c;
    }
    (void)last;
    return count;
}

int main(void)
{
    static char text[1 << 20];
    unsigned long size = fread(text, 1, sizeof text, stdin);

    printf("%lu lines\n", count_lines(text, size));
    printf("%lu words\n", count_words(text, size));
    printf("%lu bytes\n", count_bytes(text, size));
    printf("%lu digits\n", count_digits(text, size));
    printf("%lu capitals\n", count_capitals(text, size));
    return 0;
}
