package charterfile

// Template is a charter to begin with.
const Template = `# Rules by which the stations of this wallet sign. Their keys, the threshold and
# the network are not written here: enrolment gives them. Nothing is paid unless
# a rule allows it, no rule denies it and every requirement holds; the order of
# the rules means nothing.

name: Example treasury
gap: 100               # change addresses beyond the highest one used; also the transactions of a batch
clock-tolerance: 2h    # between a request's stated time and a station's clock

# Who may be paid, and where. A group is a word that rules can name.
# Also: once: [ADDRESS] is paid once, ever; own: true is this wallet itself;
# descriptor: names another wallet; data: true allows OP_RETURN.
# proofs: [{address: ADDRESS, bip322: BASE64}] shows that it is theirs. Signed is
# Heliograph: the address ADDRESS on NETWORK belongs to "NAME".
counterparties:
  - name: Exchange
    groups: [exchanges]
    addresses:
      - ADDRESS-OF-THE-EXCHANGE
  - name: Payroll
    addresses:
      - ADDRESS-OF-PAYROLL

# Who may draft, approve, veto or freeze. heliograph people take writes a person
# with the key of an offline device. Without people no rule can ask for any.
#
# people:
#   - name: Ann
#     roles: [finance, officer]
#     credentials:
#       - {name: blue security key, es256: 66-HEXADECIMAL-DIGITS, device-bound: true}
#       - {name: review tablet, offline: 64-HEXADECIMAL-DIGITS}
#   - name: Ben
#     roles: [officer]
#     credentials:
#       - {name: tablet, offline: 64-HEXADECIMAL-DIGITS}
#   - name: Payroll program
#     machine: true
#     credentials:
#       - {name: server, machine: 64-HEXADECIMAL-DIGITS}

# A rule is allow, deny or require. allow and deny say for whom: everybody, or
# [Exchange, group: vendors]. require limits one measure, for everybody or for
# whom "to" names:
#   max-output, max-transaction, max-batch            such as  5000000 sat
#   max-window, max-count-window                      such as  50000000 sat, with  window: 24h
#                                                     or  each: day in Europe/Zurich  (week, month)
#   max-count (payments), max-inputs (inputs)         such as  20 payments
#   max-fee, max-change                               such as  200000 sat
#   max-fee-rate, min-fee-rate                        such as  100 sat/vB
#   max-fee-percent, min-own-share (basis points)     such as  100 bp
#   max-lifetime (of a request)                       such as  2h
#   max-fiat                                          such as  5000.00 CHF, with  price-age: 1h
#   min-reserve, min-confirmations                    such as  6 blocks
# per: counterparty (or group) counts each of them apart. unless: says what lets a
# payment pass a limit, and a requirement can ask for the same of every payment:
#   approvals: {count: 2, of: [finance, person: Ann], offline: true}
#   initiator: [treasurer]      human: true       machine: true
#   stations: 3                 sites: 2          entities: 2
#   hours: {days: mon-fri, from: 08:00, until: 18:00, zone: Europe/Zurich}
#   waited: 24h                 not-frozen: {of: [officer], within: 24h}
#   no-veto: {of: [officer]}    all: [...]        any: [...]
# scripts: [p2tr], younger: 7d and unproven: true narrow a rule to such payments.
rules:
  - id: allow/known
    allow: everybody
  - id: cap/payment
    require: {max-output: 20000000 sat}
  - id: cap/day
    require: {max-window: 100000000 sat, window: 24h}
  - id: cap/payroll
    to: [Payroll]
    require: {max-batch: 50000000 sat}
  - id: fee/total
    require: {max-fee: 200000 sat}
  - id: fee/rate
    require: {max-fee-rate: 200 sat/vB}
  - id: fee/share
    require: {max-fee-percent: 200 bp}
  - id: life/request
    require: {max-lifetime: 4h}

# How this charter changes and stops. Every change needs as many stations as a
# signature does; what is left out asks for nobody besides.
#
# governance:
#   tighten: {approvals: {count: 1, of: [officer], or-initiator: true}}
#   loosen: {approvals: {count: 2, of: [officer], or-initiator: true}}
#   thaw: {approvals: {count: 2, of: [officer], or-initiator: true}}
#   delay: 48h             # until a change that loosens is in force
#   officers: [officer]    # roles that may freeze; every station may
#   max-age: 365d          # then it must be renewed
#   versions: ["0.3"]      # of the station program that may sign; left out: any
`
