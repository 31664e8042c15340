; Colours. What only the checker knows, such as which value is a secret, the language server says.

(comment) @comment

[
  (string)
  (block_token)
  (raw)
  (keyname)
] @string
(interpolation) @embedded

[
  (int_token)
  (number_token)
  (duration)
  (shift)
] @number

[
  (true)
  (false)
  (null)
] @constant.builtin

[
  (field_token)
  (key)
  (root)
] @property

(type_name (name) @type)
(open) @type
(typedecl [(record (name) @type) (alias (key) @type)])
(import_name (name) @variable)
(workflow (name) @function)
(chain (name) @function)
(task (name) @function)
(call (dotted (name) @function))
(annotation "@" @attribute (name) @attribute)
(input_ref (name) @variable)
(input_ref (path (name) @property))
(secret_ref (name) @variable.parameter)
(const (key) @constant)
(const_from (origin) @constant)

[
  "abort" "aborts" "always" "and" "any" "as" "attempt" "background" "call" "capture" "case" "cases"
  "chain" "check" "checks" "choose" "cleanup" "clear" "commands" "const" "contains" "copy" "count"
  "do" "does" "each" "else" "emit" "empty" "exists" "expect" "export" "extra" "extract" "fail"
  "fails" "failure" "file" "files" "finish" "finishes" "fixture" "flow" "for" "from" "given" "if"
  "image" "import" "in" "inputs" "into" "is" "item" "keep" "match" "matches" "matching" "max" "model"
  "named" "never" "not" "of" "omits" "on" "or" "order" "output" "outputs" "over" "pause" "present"
  "press" "prompt" "reaches" "reads" "refused" "repeat" "result" "retry" "round" "run" "satisfies"
  "schema" "screen" "secrets" "sees" "shared" "shows" "snapshot" "step" "steps" "task" "terminal"
  "test" "then" "timeout" "times" "to" "tokens" "type" "types" "until" "using" "wait" "where" "while"
  "with" "workflow"
  (contains) (starts) (ends) (only) (secret) (start) (count_of_token) (at_least_token)
  (at_most_token)
] @keyword

[
  (cmp)
  (emit_op)
  (optional)
  (rest_token)
  "="
  "->"
  "|"
  "~"
  "$"
] @operator

[
  "{"
  "}"
  "["
  "]"
  "("
  ")"
] @punctuation.bracket

[
  ","
  ":"
  "."
] @punctuation.delimiter
