/* Stands in for an agent of Azure Arc: says what it is told, line by line, then waits, or ends where the last word is
 * "crash". */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **words) {
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "crash") == 0) {
            return 1;
        }
        puts(words[i]);
        fflush(stdout);
    }
    for (;;) {
        pause();
    }
}
