"""Words of the screens, English. Only words: see table.py."""

# screen | its rows. One text and not a dict of tuples: a terminal has it in RAM, a line at a time.
ROWS = """
idle_online | Campus card | Terminal {0} {1} | Present your card
idle_offline | Offline {0} | To send {1}/{2} | List v{3} | {4}
not_ready | Terminal {0} | not ready | waiting for the server
amount | Amount | {0} yuan | # enter  * clear
dishes | {0} dishes | {1} yuan | # enter  + more
dish | {0} + {1} | {2} yuan | # enter  * clear
paused | Paused | Price {0} yuan | # go on
ready | Present your card | Pay {0} yuan | * cancel
paid | Paid | {0} yuan | Balance {1} yuan
paid_account | Paid | {0} yuan | from the account
meal | Paid | Subsidy {0} | Card {1} yuan | Balance {2}
meal_account | Paid | Subsidy {0} | Account {1}
next | Paid | Balance {0} | Next {1} yuan
balance | Card valid | Balance {0} yuan | until {1}
cancel | Cancel the sale | {0} yuan | present that card | * keep the sale
cancelled | Cancelled | {0} yuan back | Balance {1} yuan
cancelled_later | Cancelled | {0} yuan back | at the next tap
no_shift | No cashier | cashier: card | then sales begin
no_cashier | No cashier | cashier: card | {0} yuan due
refund_leave | Give back | supervisor: card | * cancel
refund_find | Give back | customer's card | * cancel
refund | This sale? | {0} yuan {1} | # give back | * cancel
refund_give | That card again | {0} yuan back | * cancel
no_sale | No such sale | not of this card | or given back
shift_begins | Shift begun | cashier ..{0}
shift_end | End of shift | cashier: card | * go on
shift_ended | Shift ended | {0} sales | Taken {1} | Given back {2}
loaded | Card loaded | {0} yuan | Balance {1} yuan
valid | Valid | until | {0}
pass | Please pass | {0}
free | {0} | The gate is open | Please pass
free_drill | Emergency drill | The gate is open | Please pass
emergency | Emergency mode | {0} yuan a card | until {1} | Present your card
drilling | Emergency drill | nothing is taken | until {1} | Present your card
drill | Drill | {0} yuan | were not taken
too_low | Balance too low | To pay {0} yuan | Balance {1} yuan | load the card
refused | {0} | {1}
unpaid | {0} | {1} | {2} yuan due
repeated | Paid just now | {0} yuan | # pay once more | * it is paid
pin | Enter your PIN | Pay {0} yuan | 6 digits, then #
pin_typed | Enter your PIN | {0} | Pay {1} yuan
pin_sent | Checking | Pay {0} yuan | please wait
pin_wrong | Wrong PIN | {0} tries left | Pay {1} yuan | # enter  * cancel
pin_right | PIN is right | Pay {0} yuan | card once more
open | Valve open | {0} yuan held | take card to stop
flowing | Take card to stop | {0} yuan left | used {1} units
powered | Power on | {0} yuan held | take card to stop
drawing | Take card to stop | {0} yuan left | used {1} kWh
ended | Card for the rest | Used {0} yuan | Back {1} yuan
used | Finished | Used {0} yuan | Balance {1} yuan
used_account | Finished | Used {0} yuan | from the account
put_back | Put the card back | {0} yuan not finished | * give up
turned_away | Server refused | {0} | {1}
here | Terminal {0} | is here
last_paid | Before power cut | PAID {2} yuan | card ..{0}  {1} | * clear
last_unpaid | Before power cut | NOT PAID {2} | card ..{0}  {1} | * clear
last_grey | Put the card back | {2} yuan not sure | card ..{0}  {1} | * clear
paid_before | Paid already | {2} yuan {1} | # pay once more | * it is paid
safe_mode | {0}: safe mode | out of service | to send: {1} | call a technician
no_reader | Reader is silent | check its cable | out of service
"""

OFFLINE = "Paid, offline"  # the first row of what was paid then
HOLDERS = {1: "staff", 2: "student", 3: "temporary"}
MINUTES = "{} min"
HOURS = "{} h {} min"
DAYS = "{} d {} h"
AGO = "{} ago"
UNKNOWN = "age unknown"
