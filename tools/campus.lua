-- Frames, sessions and messages of campus terminals in Wireshark: TCP port 7400, or link type USER0
-- with what was heard on a serial line. What is sealed is shown when campus.keylog names the file
-- that `campus serve --key-log FILE` wrote. Formats: docs/frame.md, session.md, messages.md, serial.md.
-- Limits: bodies up to 4 KB; a handshake that was not captured leaves its session sealed.

local campus = Proto("campus", "Campus terminal")
campus.prefs.keylog = Pref.string("Key log", "", "file that campus serve --key-log wrote")
campus.prefs.port = Pref.uint("TCP port", 7400, "port of the gateway")

local KINDS = {
  [1] = "hello", [2] = "challenge", [3] = "reject", [4] = "terminal request", [5] = "server reply",
  [6] = "server request", [7] = "terminal reply", [8] = "poll",
}
local MESSAGES = {
  [0x01] = "REPORT", [0x02] = "BATCH", [0x03] = "FETCH", [0x41] = "DELTA", [0x42] = "NEWS",
  [0x43] = "PARAMS", [0x44] = "COMMAND", [0x81] = "STATE", [0x82] = "ANSWERS", [0x83] = "CHUNK",
  [0xC1] = "LIST_STATE", [0xC3] = "PARAMS_STATE", [0xC4] = "COMMAND_STATE", [0xFF] = "PROBLEM",
  [0x45] = "IMAGE", [0xC5] = "IMAGE_STATE", [0x04] = "PIECE", [0x84] = "BYTES",
  [0x05] = "ACTION", [0x85] = "GRANT", [0x06] = "SIGN", [0x86] = "SIGNED", [0x46] = "WAITING",
  [0xC6] = "WAITING_STATE", [0x47] = "KEYS", [0xC7] = "KEYS_STATE",
  [0x07] = "PIN", [0x87] = "PIN_STATE", [0x08] = "SPENT", [0x88] = "SPENT_STATE",
  [0x09] = "BALANCE", [0x89] = "BALANCE_STATE",
  [0x49] = "EMERGENCY", [0xC9] = "EMERGENCY_STATE",
}
-- number -> {field name, bytes}; what is left is the tail
local FIELDS = {
  [0x01] = { { "utc_s", 4 }, { "major", 1 }, { "minor", 1 }, { "patch", 1 }, { "kind", 1 },
    { "list_version", 4 }, { "list_digest", 8 }, { "grants_version", 4 }, { "params_version", 4 },
    { "serial_next", 4 }, { "acked_to", 4 }, { "queue", 4 }, { "grey", 2 }, { "capacity", 4 },
    { "heap_peak", 4 }, { "boots", 2 }, { "taps", 4 }, { "tears", 2 }, { "clock_trusted", 1 },
    { "offline_s", 4 } },
  [0x81] = { { "utc_s", 4 }, { "list_version", 4 }, { "grants_version", 4 },
    { "params_version", 4 }, { "serial_highest", 4 }, { "flags", 1 } },
  [0x03] = { { "list", 1 }, { "version", 4 }, { "offset", 4 } },
  [0x83] = { { "list", 1 }, { "version", 4 }, { "total", 4 }, { "offset", 4 }, { "digest", 16 } },
  [0x41] = { { "list", 1 }, { "before", 4 }, { "after", 4 }, { "digest", 16 } },
  [0xC1] = { { "list", 1 }, { "version", 4 }, { "digest", 16 }, { "status", 1 } },
  [0x42] = { { "list", 1 }, { "version", 4 } },
  [0x43] = { { "version", 4 } },
  [0xC3] = { { "version", 4 }, { "status", 1 } },
  [0x44] = { { "op", 1 }, { "argument", 4 } },
  [0xC4] = { { "op", 1 }, { "status", 1 } },
  [0xC5] = { { "offset", 4 }, { "status", 1 } },
  [0x04] = { { "digest", 16 }, { "offset", 4 } },
  [0x84] = { { "offset", 4 } },
  [0x05] = { { "card", 4 }, { "credential", 1 }, { "counter", 4 }, { "balance_fen", 4 },
    { "serial", 4 }, { "previous_terminal", 2 }, { "previous_serial", 4 } },
  [0x85] = { { "card", 4 }, { "action", 4 }, { "op", 1 }, { "amount_fen", 4 } },
  [0x06] = { { "action", 4 }, { "serial", 4 }, { "count", 4 }, { "balance_fen", 4 },
    { "random", 4 }, { "mac1", 4 }, { "utc_s", 4 } },
  [0x86] = { { "mac2", 4 } },
  [0x07] = { { "card", 4 }, { "amount_fen", 4 }, { "serial", 4 } },
  [0x08] = { { "card", 4 }, { "day_utc_s", 4 }, { "meal_utc_s", 4 } },
  [0x88] = { { "card", 4 }, { "day_fen", 4 }, { "meal_fen", 4 } },
  [0x09] = { { "card", 4 } },
  [0x89] = { { "card", 4 }, { "fen", 4 } },
  [0x87] = { { "card", 4 }, { "verdict", 1 }, { "tries", 1 } },
  [0x46] = { { "version", 4 } },
  [0xC6] = { { "version", 4 }, { "status", 1 } },
  [0x47] = { { "newest", 1 } },
  [0xC7] = { { "newest", 1 }, { "status", 1 } },
  [0xC9] = { { "number", 4 }, { "status", 1 } },
  [0xFF] = { { "code", 1 } },
}

local f = campus.fields
f.address = ProtoField.uint16("campus.address", "Terminal")
f.kind = ProtoField.uint8("campus.kind", "Kind", base.DEC, KINDS)
f.payload = ProtoField.bytes("campus.payload", "Payload")
f.crc = ProtoField.uint32("campus.crc", "CRC-32", base.HEX)
f.version = ProtoField.uint8("campus.version", "Version")
f.nonce_t = ProtoField.bytes("campus.nonce_t", "Nonce of the terminal")
f.epoch = ProtoField.uint32("campus.epoch", "Epoch")
f.nonce_s = ProtoField.bytes("campus.nonce_s", "Nonce of the server")
f.proof = ProtoField.bytes("campus.proof", "Proof")
f.reason = ProtoField.uint8("campus.reason", "Reason")
f.bit = ProtoField.uint8("campus.bit", "Your turn; bit")
f.counter = ProtoField.uint32("campus.counter", "Counter")
f.sealed = ProtoField.bytes("campus.sealed", "Sealed body")
f.tag = ProtoField.bytes("campus.tag", "Tag")
f.message = ProtoField.uint8("campus.message", "Message", base.HEX, MESSAGES)
f.tail = ProtoField.bytes("campus.tail", "Tail")
f.records = ProtoField.uint32("campus.records", "Records")
local field_of = {}
for _, list in pairs(FIELDS) do
  for _, field in ipairs(list) do
    local name, size = field[1], field[2]
    if not field_of[name] then
      local make = ({ [1] = ProtoField.uint8, [2] = ProtoField.uint16, [4] = ProtoField.uint32 })[size]
      field_of[name] = (make or ProtoField.bytes)("campus.m." .. name, name)
      f["m_" .. name] = field_of[name]
    end
  end
end
local BAD_CRC = ProtoExpert.new("campus.bad_crc", "CRC is wrong", expert.group.CHECKSUM,
  expert.severity.ERROR)
local NO_FRAME = ProtoExpert.new("campus.no_frame", "no frame", expert.group.MALFORMED,
  expert.severity.WARN)
local BAD_TAG = ProtoExpert.new("campus.bad_tag", "not authentic under the logged key",
  expert.group.SECURITY, expert.severity.WARN)
campus.experts = { BAD_CRC, NO_FRAME, BAD_TAG }

-- COBS, CRC-32

local function uncobs(raw)
  local parts, at = {}, 1
  while at <= #raw do
    local code = raw:byte(at)
    if code == 0 or at + code - 1 > #raw then return nil end
    parts[#parts + 1] = raw:sub(at + 1, at + code - 1)
    at = at + code
    if code < 255 and at <= #raw then parts[#parts + 1] = "\0" end
  end
  return table.concat(parts)
end

local CRC = {}
for n = 0, 255 do
  local c = n
  for _ = 1, 8 do
    local low = bit.band(c, 1)
    c = bit.rshift(c, 1)
    if low == 1 then c = bit.bxor(c, 0xEDB88320) end
  end
  CRC[n] = c
end

local function crc32(data)
  local c = bit.bnot(0)
  for at = 1, #data do
    c = bit.bxor(bit.rshift(c, 8), CRC[bit.band(bit.bxor(c, data:byte(at)), 255)])
  end
  return bit.bnot(c) % 4294967296
end

-- AES-128, encryption only, and CCM with a tag of 8 bytes and a nonce of 13

local SBOX = {}
do
  local p, q = 1, 1
  repeat -- p runs through the field's powers of 3, q through their inverses
    p = bit.band(bit.bxor(p, bit.lshift(p, 1), p >= 128 and 0x11B or 0), 255)
    q = bit.bxor(q, bit.lshift(q, 1))
    q = bit.bxor(q, bit.lshift(q, 2))
    q = bit.band(bit.bxor(q, bit.lshift(q, 4)), 255)
    if q >= 128 then q = bit.bxor(q, 9) end
    local function turn(n) return bit.band(bit.bor(bit.lshift(q, n), bit.rshift(q, 8 - n)), 255) end
    SBOX[p] = bit.bxor(q, turn(1), turn(2), turn(3), turn(4), 0x63)
  until p == 1
  SBOX[0] = 0x63
end

local function double(b)
  return bit.band(bit.bxor(bit.lshift(b, 1), b >= 128 and 0x11B or 0), 255)
end

local function expand(key)
  local w, rcon = { key:byte(1, 16) }, 1
  for at = 17, 176, 4 do
    local t = { w[at - 4], w[at - 3], w[at - 2], w[at - 1] }
    if (at - 1) % 16 == 0 then
      t = { bit.bxor(SBOX[t[2]], rcon), SBOX[t[3]], SBOX[t[4]], SBOX[t[1]] }
      rcon = double(rcon)
    end
    for n = 1, 4 do w[at + n - 1] = bit.bxor(w[at + n - 17], t[n]) end
  end
  return w
end

local function encrypt(w, block)
  local s = {}
  for n = 1, 16 do s[n] = bit.bxor(block[n], w[n]) end
  for round = 1, 10 do
    local t = {}
    for n = 0, 15 do t[n + 1] = SBOX[s[(n + 4 * (n % 4)) % 16 + 1]] end
    if round < 10 then
      for c = 1, 13, 4 do
        local a, b, d, e = t[c], t[c + 1], t[c + 2], t[c + 3]
        local all = bit.bxor(a, b, d, e)
        t[c] = bit.bxor(a, all, double(bit.bxor(a, b)))
        t[c + 1] = bit.bxor(b, all, double(bit.bxor(b, d)))
        t[c + 2] = bit.bxor(d, all, double(bit.bxor(d, e)))
        t[c + 3] = bit.bxor(e, all, double(bit.bxor(e, a)))
      end
    end
    for n = 1, 16 do s[n] = bit.bxor(t[n], w[16 * round + n]) end
  end
  return s
end

local function big(number, size)
  local out = ""
  for n = size - 1, 0, -1 do out = out .. string.char(math.floor(number / 256 ^ n) % 256) end
  return out
end

local function mac(w, first, aad, body)
  local function whole(data) return data .. ("\0"):rep(-#data % 16) end
  local data = first .. whole(big(#aad, 2) .. aad) .. whole(body)
  local x = { ("\0"):rep(16):byte(1, 16) }
  for at = 1, #data, 16 do
    for n = 1, 16 do x[n] = bit.bxor(x[n], data:byte(at + n - 1)) end
    x = encrypt(w, x)
  end
  return x
end

local function unseal(w, nonce, aad, sealed)
  local stream, size = {}, #sealed - 8
  local function pad(n) return encrypt(w, { ("\1" .. nonce .. big(n, 2)):byte(1, 16) }) end
  for at = 1, size, 16 do
    local k = pad((at - 1) / 16 + 1)
    for n = 0, math.min(15, size - at) do
      stream[#stream + 1] = string.char(bit.bxor(sealed:byte(at + n), k[n + 1]))
    end
  end
  local body = table.concat(stream)
  local x, k = mac(w, "\89" .. nonce .. big(size, 2), aad, body), pad(0)
  for n = 1, 8 do
    if bit.bxor(x[n], k[n]) ~= sealed:byte(size + n) then return nil end
  end
  return body
end

-- which key is whose: read once, and the handshakes as they are seen

local logged, greeting, keys_of, bodies

function campus.init()
  greeting, keys_of, bodies = {}, {}, {}
  logged = {}
  local file = campus.prefs.keylog ~= "" and io.open(campus.prefs.keylog, "r")
  if not file then return end
  for line in file:lines() do
    local number, salt, keys = line:match("^campus%-card%-1 (%d+) (%x+) (%x+)$")
    if number and #keys == 64 then
      local raw = keys:gsub("%x%x", function(two) return string.char(tonumber(two, 16)) end)
      logged[number .. " " .. salt:lower()] = { expand(raw:sub(1, 16)), expand(raw:sub(17, 32)) }
    end
  end
  file:close()
end

local function hex(data)
  return (data:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

-- A frame is looked at in the order of the capture once; later looks find what was found then.
local function learn(id, address, kind, payload)
  if bodies[id] ~= nil then return end
  bodies[id] = false
  if kind == 1 and #payload == 17 then
    greeting[address] = hex(payload:sub(2))
  elseif kind == 2 and #payload == 25 and greeting[address] then
    local found = logged[address .. " " .. greeting[address] .. hex(payload:sub(2, 17))]
    if found then
      keys_of[address] = keys_of[address] or {}
      table.insert(keys_of[address], 1, found)
    end
  elseif kind >= 4 and kind <= 7 and #payload >= 12 and keys_of[address] then
    local counter, which = payload:sub(1, 4), (kind == 4 or kind == 7) and 1 or 2
    local nonce = string.char(kind) .. big(address, 2) .. counter .. ("\0"):rep(6)
    local aad = big(address, 2) .. string.char(kind) .. counter
    bodies[id] = "bad"
    for _, pair in ipairs(keys_of[address]) do
      local body = unseal(pair[which], nonce, aad, payload:sub(5))
      if body then
        bodies[id] = { body }
        return
      end
    end
  end
end

-- trees

local PIN, BEFORE_DIGITS = 0x07, 13

local function show_body(body, tree)
  if body:byte(1) == PIN then -- nobody reads one off a screen
    body = body:sub(1, BEFORE_DIGITS) .. ("*"):rep(#body - BEFORE_DIGITS)
  end
  local tvb = ByteArray.new(hex(body)):tvb("Unsealed body")
  local number = tvb(0, 1):uint()
  local branch = tree:add(campus, tvb(), "Message: " .. (MESSAGES[number] or "unknown"))
  branch:add(f.message, tvb(0, 1))
  local at = 1
  for _, field in ipairs(FIELDS[number] or {}) do
    if at + field[2] > tvb:len() then break end
    branch:add(field_of[field[1]], tvb(at, field[2]))
    at = at + field[2]
  end
  if at < tvb:len() then branch:add(f.tail, tvb(at)) end
  if number == 2 then branch:add(f.records, math.floor((tvb:len() - 1) / 64)):set_generated() end
  return MESSAGES[number] or ("message " .. number)
end

local function show_payload(kind, tvb, tree)
  local size = tvb:len()
  if (kind == 1 and size == 17) or (kind == 2 and size == 25) then
    tree:add(f.version, tvb(0, 1))
    tree:add(kind == 1 and f.nonce_t or f.nonce_s, tvb(1, 16))
    if kind == 1 then tree:add(f.epoch, tvb(1, 4)) else tree:add(f.proof, tvb(17, 8)) end
  elseif kind == 3 and size == 1 then
    tree:add(f.reason, tvb(0, 1))
  elseif kind == 8 and size == 1 then
    tree:add(f.bit, tvb(0, 1))
  elseif kind >= 4 and kind <= 7 and size >= 12 then
    tree:add(f.counter, tvb(0, 4))
    tree:add(f.sealed, tvb(4, size - 12))
    tree:add(f.tag, tvb(size - 8, 8))
  elseif size > 0 then
    tree:add(f.payload, tvb())
  end
end

-- range: one encoded block without its 0x00; id: names it in this capture -> words
local function frame(range, id, tree)
  local block = uncobs(range:raw())
  local branch = tree:add(campus, range, "Campus frame")
  if not block or #block < 7 then
    branch:add_proto_expert_info(NO_FRAME)
    return "no frame"
  end
  local tvb = ByteArray.new(hex(block)):tvb("Frame without COBS")
  local size = #block - 4
  local address, kind = tvb(0, 2):uint(), tvb(2, 1):uint()
  branch:add(f.address, tvb(0, 2))
  branch:add(f.kind, tvb(2, 1))
  local crc = branch:add(f.crc, tvb(size, 4))
  if crc32(block:sub(1, size)) ~= tvb(size, 4):uint() then
    crc:add_proto_expert_info(BAD_CRC)
    return "bad CRC"
  end
  local words = ("%d %s"):format(address, KINDS[kind] or "unknown kind")
  branch:append_text(", " .. words)
  if size > 3 then show_payload(kind, tvb(3, size - 3), branch) end
  learn(id, address, kind, block:sub(4, size))
  local body = bodies[id]
  if body == "bad" then
    branch:add_proto_expert_info(BAD_TAG)
  elseif body then
    words = words .. " " .. show_body(body[1], branch)
  end
  return words
end

function campus.dissector(tvb, pinfo, tree)
  pinfo.cols.protocol = "CAMPUS"
  local said, start = {}, 0
  local raw = tvb:raw()
  while start < tvb:len() do
    local zero = raw:find("\0", start + 1, true)
    if not zero then
      if pinfo.can_desegment > 0 then
        pinfo.desegment_offset = start
        pinfo.desegment_len = DESEGMENT_ONE_MORE_SEGMENT
        break
      end
      zero = #raw + 1
    end
    if zero - 1 > start then
      local id = pinfo.number .. "." .. #said .. "." .. start
      said[#said + 1] = frame(tvb(start, zero - 1 - start), id, tree)
    end
    start = zero
  end
  if #said > 0 then pinfo.cols.info = table.concat(said, ", ") end
  return tvb:len()
end

DissectorTable.get("tcp.port"):add(7400, campus)
DissectorTable.get("wtap_encap"):add(wtap.USER0, campus)

local port = 7400
function campus.prefs_changed()
  if campus.prefs.port ~= port then
    DissectorTable.get("tcp.port"):remove(port, campus)
    port = campus.prefs.port
    DissectorTable.get("tcp.port"):add(port, campus)
  end
end
