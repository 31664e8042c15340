-- Drives each feature of the server once, in a Neovim without a screen, with the configuration that
-- users get. Prints one line for each; `test_neovim.py` starts it.

local root, config = vim.env.FLOWDSL_ROOT, vim.env.FLOWDSL_CONFIG
vim.g.flowdsl_command = vim.split(vim.env.FLOWDSL_COMMAND, "\n")
dofile(config)

local function say(name, value)
  io.stdout:write(name .. ": " .. tostring(value) .. "\n")
end

vim.cmd("edit " .. root .. "/flows/cost.flow")
vim.bo.filetype = "flowdsl"
local buffer = vim.api.nvim_get_current_buf()
vim.wait(30000, function()
  local client = vim.lsp.get_clients({ bufnr = buffer, name = "flowdsl" })[1]
  return client ~= nil and client.initialized
end, 20)
local client = vim.lsp.get_clients({ bufnr = buffer, name = "flowdsl" })[1]

local function ask(method, params)
  local reply = client.request_sync(method, params, 30000, buffer)
  if reply == nil then
    return nil, { message = "no reply" }
  end
  return reply.result, reply.err
end

-- Line from 1 and column in bytes from 0 of a word.
local function go_to(word, after)
  for number, line in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, -1, false)) do
    local at = line:find(word, 1, true)
    if at then
      vim.api.nvim_win_set_cursor(0, { number, at - 1 + (after or 0) })
      return
    end
  end
end

local function place()
  return vim.lsp.util.make_position_params(0, client.offset_encoding)
end

local document = { textDocument = vim.lsp.util.make_text_document_params(buffer) }
local everything = { start = { line = 0, character = 0 }, ["end"] = { line = 40, character = 0 } }

go_to("{rental}", 2)
say("hover", ask("textDocument/hover", place()).contents.value:match("input [^\n]*"))
go_to("sign_in(", 2)
say("definition", ask("textDocument/definition", place()).range.start.line)
local params = place()
params.context = { includeDeclaration = true }
say("references", #ask("textDocument/references", params))
say("highlights", #ask("textDocument/documentHighlight", place()))
go_to("$password)", 1)
local labels = {}
for _, item in ipairs(ask("textDocument/completion", place()).items) do
  labels[#labels + 1] = item.label
end
say("completion", table.concat(labels, " "))
say("signature", ask("textDocument/signatureHelp", place()).signatures[1].label)
say("symbols", #ask("textDocument/documentSymbol", document))
say("project symbols", #ask("workspace/symbol", { query = "sign" }))
say("tokens", #ask("textDocument/semanticTokens/full", document).data > 0)
say("folds", #ask("textDocument/foldingRange", document) > 0)
say("hints", #ask("textDocument/inlayHint", { textDocument = document.textDocument, range = everything }))
say("lenses", #ask("textDocument/codeLens", document))
say("links", #ask("textDocument/documentLink", document))
say("prompt", ask("flowdsl/preview", place()).workflow)

-- An edit of the buffer alone: a finding, its fix, and the file in one style again.
go_to("{rental}", 1)
local row, column = unpack(vim.api.nvim_win_get_cursor(0))
vim.api.nvim_buf_set_text(buffer, row - 1, column, row - 1, column + 6, { "rentl" })
vim.wait(30000, function()
  return #vim.diagnostic.get(buffer) > 0
end, 20)
local found = vim.diagnostic.get(buffer)[1]
say("finding", found.code .. " at column " .. found.col)
local actions = ask("textDocument/codeAction", {
  textDocument = document.textDocument,
  range = { start = { line = found.lnum, character = 26 }, ["end"] = { line = found.lnum, character = 27 } },
  context = { diagnostics = {} },
})
say("action", actions[1].title)
vim.lsp.util.apply_workspace_edit(actions[1].edit, client.offset_encoding)
say("fixed", vim.api.nvim_buf_get_lines(buffer, row - 1, row, false)[1])
go_to("sign_in(", 2)
local change = place()
change.newName = "log_on"
vim.lsp.util.apply_workspace_edit(ask("textDocument/rename", change), client.offset_encoding)
say("renamed", vim.api.nvim_buf_get_lines(buffer, 1, 2, false)[1])
vim.lsp.buf.format({ async = false, timeout_ms = 30000 })
say("formatted", vim.api.nvim_buf_get_lines(buffer, 9, 10, false)[1])
vim.wait(30000, function()
  return #vim.diagnostic.get(buffer) == 0
end, 20)
say("findings", #vim.diagnostic.get(buffer))
vim.cmd("qall!")
