/* What libcurl alone can do: POSTs one body again and again over its multi interface and prints requests per second.
   The figure that deliveries are compared with.

     cc -O2 -o barecurl barecurl.c -lcurl
     ./barecurl URL NUMBER CONCURRENCY BODY-FILE

   Exit code 1 if any transfer failed or was not answered with 2xx. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static size_t discard(char *bytes, size_t size, size_t count, void *context) {
  (void)bytes, (void)context;
  return size * count;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static char *contents(const char *path, long *length) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0 || (*length = ftell(file)) < 0) return NULL;
  rewind(file);
  char *bytes = malloc((size_t)*length + 1);
  if (bytes && fread(bytes, 1, (size_t)*length, file) != (size_t)*length) bytes = NULL;
  fclose(file);
  return bytes;
}

int main(int count, char **words) {
  if (count != 5) {
    fprintf(stderr, "usage: %s URL NUMBER CONCURRENCY BODY-FILE\n", words[0]);
    return 2;
  }
  const long number = atol(words[2]), concurrency = atol(words[3]);
  long length = 0;
  char *body = contents(words[4], &length);
  if (number < 1 || concurrency < 1 || !body) {
    fprintf(stderr, "%s: NUMBER and CONCURRENCY are at least 1, BODY-FILE must be readable\n", words[0]);
    return 2;
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM *multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, concurrency);
  struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/cloudevents+json; charset=utf-8");
  headers = curl_slist_append(headers, "Expect:");

  long begun = 0, done = 0, failed = 0;
  const double start = seconds();
  for (; begun < number && begun < concurrency; begun++) {
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, words[1]);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, length);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_multi_add_handle(multi, easy);
  }
  while (done < number) {
    int running = 0, left = 0, some = 0;
    curl_multi_perform(multi, &running);
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left));) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL *easy = message->easy_handle;
      long status = 0;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      if (message->data.result != CURLE_OK || status < 200 || status > 299) failed++;
      done++, some = 1;
      curl_multi_remove_handle(multi, easy);
      if (begun < number) {
        begun++;
        curl_multi_add_handle(multi, easy);
      } else {
        curl_easy_cleanup(easy);
      }
    }
    if (!some && done < number) curl_multi_poll(multi, NULL, 0, 1000, NULL);
  }
  const double took = seconds() - start;
  printf("%.0f\n", (double)number / took);
  if (failed) fprintf(stderr, "%ld of %ld failed\n", failed, number);
  curl_multi_cleanup(multi);
  curl_slist_free_all(headers);
  free(body);
  return failed ? 1 : 0;
}
