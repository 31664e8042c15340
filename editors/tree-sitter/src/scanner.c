// Names that stand where a keyword could stand as well, and that only what follows them tells from
// it: `FIELD` before `:`, `KEY` before `=`, `ORIGIN` before `from`, `ROOT` before `.`.
#include "tree_sitter/parser.h"
#include <string.h>

enum { FIELD, KEY, ORIGIN, ROOT };

static bool is_word(int32_t c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_blank(int32_t c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

static bool read_blanks(TSLexer *lexer) {
  bool any = false;
  for (; is_blank(lexer->lookahead); any = true) lexer->advance(lexer, false);
  return any;
}

static bool accept(TSLexer *lexer, const bool *valid, int token) {
  lexer->result_symbol = token;
  return valid[token];
}

bool tree_sitter_flowdsl_external_scanner_scan(void *state, TSLexer *lexer, const bool *valid) {
  while (is_blank(lexer->lookahead)) lexer->advance(lexer, true);
  if (!is_word(lexer->lookahead) || (lexer->lookahead >= '0' && lexer->lookahead <= '9'))
    return false;
  while (is_word(lexer->lookahead)) lexer->advance(lexer, false);
  lexer->mark_end(lexer);
  bool blank = read_blanks(lexer);
  switch (lexer->lookahead) {
    case '.':
      return accept(lexer, valid, ROOT);
    case '?':
      lexer->advance(lexer, false);
      read_blanks(lexer);
      return lexer->lookahead == ':' && accept(lexer, valid, FIELD);
    case ':':
      return accept(lexer, valid, FIELD);
    case '+':
      lexer->advance(lexer, false);
      return lexer->lookahead == '=' && accept(lexer, valid, KEY);
    case '=':
      lexer->advance(lexer, false);
      return lexer->lookahead != '=' && accept(lexer, valid, KEY);
    case 'f':
      if (!blank || !valid[ORIGIN]) return false;
      for (const char *rest = "from"; *rest; rest++) {
        if (lexer->lookahead != *rest) return false;
        lexer->advance(lexer, false);
      }
      return !is_word(lexer->lookahead) && accept(lexer, valid, ORIGIN);
  }
  return false;
}

void *tree_sitter_flowdsl_external_scanner_create(void) { return NULL; }
void tree_sitter_flowdsl_external_scanner_destroy(void *state) {}
unsigned tree_sitter_flowdsl_external_scanner_serialize(void *state, char *buffer) { return 0; }
void tree_sitter_flowdsl_external_scanner_deserialize(void *state, const char *buffer, unsigned n) {}
