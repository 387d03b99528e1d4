"""Names and numbers of the PN532: commands, errors, registers, each as the manual calls it.

Source: NXP PN532 user manual UM0701-02, sections 7.1 (errors), 7.2 and 7.3 (commands); PN532/C1
data sheet, section 8.6.23, for the registers of the contactless unit.
"""

# code -> (name in the manual, method of the part of the model that carries it out)
CHIP_COMMANDS = {
    0x00: ("Diagnose", "diagnose"),
    0x02: ("GetFirmwareVersion", "get_firmware_version"),
    0x04: ("GetGeneralStatus", "get_general_status"),
    0x06: ("ReadRegister", "read_register"),
    0x08: ("WriteRegister", "write_register"),
    0x0C: ("ReadGPIO", "read_gpio"),
    0x0E: ("WriteGPIO", "write_gpio"),
    0x10: ("SetSerialBaudRate", "set_serial_baud_rate"),
    0x12: ("SetParameters", "set_parameters"),
    0x14: ("SAMConfiguration", "sam_configuration"),
    0x16: ("PowerDown", "power_down"),
    0x32: ("RFConfiguration", "rf_configuration"),
}
INITIATOR_COMMANDS = {
    0x40: ("InDataExchange", "in_data_exchange"),
    0x42: ("InCommunicateThru", "in_communicate_thru"),
    0x44: ("InDeselect", "in_deselect"),
    0x46: ("InJumpForPSL", "in_jump_for_dep"),
    0x4A: ("InListPassiveTarget", "in_list_passive_target"),
    0x4E: ("InPSL", "in_psl"),
    0x50: ("InATR", "in_atr"),
    0x52: ("InRelease", "in_release"),
    0x54: ("InSelect", "in_select"),
    0x56: ("InJumpForDEP", "in_jump_for_dep"),
    0x60: ("InAutoPoll", "in_auto_poll"),
}
NAMES = {code: row[0] for code, row in (CHIP_COMMANDS | INITIATOR_COMMANDS).items()}

FIRMWARE_VERSION = bytes((0x32, 1, 6, 7))  # IC PN532, version 1.6, all three card families
BAUD_RATES = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1288000)
FIRST_BAUD = 115200

# Status byte of the commands that have one.
OK = 0x00
TIMEOUT = 0x01
CRC_ERROR = 0x02
COLLISION = 0x06
RF_PROTOCOL = 0x0B
INVALID_PARAMETER = 0x10
DATA_FORMAT = 0x13  # also: the card answered with a NAK
MIFARE_AUTHENTICATION = 0x14
WRONG_CONTEXT = 0x27

MORE_INFORMATION = 0x40  # bit of Tg and of the status byte
TARGET_TYPE_MIFARE = 0x10
SAK_ISO_DEP = 0x20

PARAMETERS_AT_RESET = 0x14
AUTOMATIC_RATS = 0x10  # flag of SetParameters

# Registers of the contactless unit (CIU) that decide how raw frames are sent.
CIU_TX_MODE = 0x6302
CIU_RX_MODE = 0x6303
CIU_FIFO_DATA = 0x6339
CIU_STATUS_2 = 0x6338
CIU_CONTROL = 0x633C
CIU_BIT_FRAMING = 0x633D

CRC_ENABLED = 0x80  # in TxMode and RxMode
FRAMING = 0x03  # in TxMode: 0 is 14443 type A
CRYPTO_1_ON = 0x08  # in Status2
LAST_BITS = 0x07  # in BitFraming (sent) and Control (received)

REGISTERS_AT_RESET = {CIU_TX_MODE: 0x80, CIU_RX_MODE: 0x80, 0x6305: 0x40}


class SyntaxFault(Exception):
    """The host's command has no meaning: the chip answers with the error frame."""
