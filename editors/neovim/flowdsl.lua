-- FlowDSL in Neovim 0.10 and later: put this file into `~/.config/nvim/plugin/`, and run
-- `pip install '.[lsp]'` in a clone of FlowDSL, so that `flowdsl` is on the path.

vim.filetype.add({ extension = { flow = "flowdsl" } })

vim.api.nvim_create_autocmd("FileType", {
  pattern = "flowdsl",
  callback = function(event)
    vim.bo[event.buf].commentstring = "# %s"
    vim.bo[event.buf].shiftwidth = 2
    vim.bo[event.buf].expandtab = true
    -- The colours of the tree-sitter grammar, where it is installed: see `editors/tree-sitter`.
    pcall(vim.treesitter.start, event.buf, "flowdsl")
    local command = vim.g.flowdsl_command or { "flowdsl", "lsp" }
    vim.lsp.start({
      name = "flowdsl",
      cmd = command,
      root_dir = vim.fs.root(event.buf, { "flowdsl.toml", ".git" })
        or vim.fs.dirname(vim.api.nvim_buf_get_name(event.buf)),
    }, { bufnr = event.buf })
  end,
})

-- Secrets look different from other values.
vim.api.nvim_set_hl(0, "@lsp.type.secret.flowdsl", { link = "WarningMsg", default = true })

-- `:FlowdslPrompt` shows the prompt of the workflow at the cursor beside it.
vim.api.nvim_create_user_command("FlowdslPrompt", function()
  local client = vim.lsp.get_clients({ bufnr = 0, name = "flowdsl" })[1]
  if client == nil then
    return vim.notify("flowdsl serves no file here", vim.log.levels.WARN)
  end
  local position = vim.lsp.util.make_position_params(0, client.offset_encoding)
  client.request("flowdsl/preview", position, function(failure, found)
    if failure or found == nil or found == vim.NIL then
      return vim.notify("no prompt can be compiled here", vim.log.levels.WARN)
    end
    vim.cmd("vnew")
    vim.bo.buftype = "nofile"
    vim.bo.bufhidden = "wipe"
    vim.api.nvim_buf_set_lines(0, 0, -1, false, vim.split(found.text, "\n"))
  end, 0)
end, {})
