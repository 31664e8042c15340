[
  (workflow)
  (chain)
  (task)
  (record)
  (test)
  (block)
  (inputs)
  (outputs)
  (secrets)
  (checks)
  (t_case)
  (block_token)
] @fold
