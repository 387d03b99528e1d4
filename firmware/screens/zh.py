"""Words of the screens, Chinese. Only words: see table.py."""

# screen | its rows. One text and not a dict of tuples: a terminal has it in RAM, a line at a time.
ROWS = """
idle_online | 校园一卡通 | {0} 号机 {1} | 请刷卡
idle_offline | 脱机 {0} | 待传 {1}/{2} | 名单 v{3} | {4}
not_ready | {0} 号机 | 未就绪 | 等待联网
amount | 金额 | {0} 元 | # 确认  * 清除
dishes | 共 {0} 份 | 合计 {1} 元 | # 确认  + 加菜
dish | {0}份+{1} | 合计 {2} 元 | # 确认  * 清除
paused | 暂停收款 | 定价 {0} 元 | # 收款
ready | 请刷卡 | 应付 {0} 元 | * 取消
paid | 支付成功 | 支付 {0} 元 | 余额 {1} 元
paid_account | 支付成功 | 支付 {0} 元 | 从账户扣款
meal | 支付成功 | 补贴 {0} 元 | 卡付 {1} 元 | 余额 {2} 元
meal_account | 支付成功 | 补贴 {0} 元 | 账户 {1} 元
next | 支付成功 | 余额 {0} 元 | 待付 {1} 元
balance | 卡有效 | 余额 {0} 元 | 至 {1}
cancel | 撤销交易 | {0} 元 | 请刷原卡 | * 不撤销
cancelled | 撤销成功 | 退回 {0} 元 | 余额 {1} 元
cancelled_later | 撤销成功 | 退回 {0} 元 | 下次刷卡到账
no_shift | 未上班 | 收银员请刷卡 | 刷卡后收款
no_cashier | 未上班 | 收银员请刷卡 | 待付 {0} 元
refund_leave | 退款 | 请主管刷卡 | * 取消
refund_find | 退款 | 请刷顾客卡 | * 取消
refund | 退此笔？ | {0}元 {1} | # 退款 | * 取消
refund_give | 请刷原卡 | 退款 {0} 元 | * 取消
no_sale | 无可退交易 | 本机无此卡交易 | 或已退款
shift_begins | 已上班 | 收银员 ..{0} | 祝工作愉快
shift_end | 交班 | 请收银员刷卡 | * 取消
shift_ended | 已交班 | 共 {0} 笔 | 收款 {1} 元 | 退款 {2} 元
loaded | 充值成功 | 充值 {0} 元 | 余额 {1} 元
valid | 有效 | 有效期至 | {0}
pass | 请通行 | {0}
free | {0} | 门已打开 | 请通行
free_drill | 应急演练 | 门已打开 | 请通行
emergency | 应急模式 | 每卡 {0} 元 | 至 {1} | 请刷卡
drilling | 应急演练 | 不扣款 | 至 {1} | 请刷卡
drill | 演练成功 | {0} 元 | 没有扣款
too_low | 余额不足 | 应付 {0} 元 | 余额 {1} 元 | 请充值
refused | {0} | {1}
unpaid | {0} | {1} | 待付 {2} 元
repeated | 刚刚已支付 | {0} 元 | # 再付一次 | * 不再付
pin | 请输密码 | 应付 {0} 元 | 6 位，# 确认
pin_typed | 请输密码 | {0} | 应付 {1} 元
pin_sent | 正在核对 | 应付 {0} 元 | 请稍候
pin_wrong | 密码错误 | 还可试 {0} 次 | 应付 {1} 元 | # 确认  * 取消
pin_right | 密码正确 | 应付 {0} 元 | 请再次刷卡
open | 阀门已开 | 预扣 {0} 元 | 取卡即停
flowing | 取卡即停 | 剩余 {0} 元 | 用量 {1}
powered | 已通电 | 预扣 {0} 元 | 取卡断电
drawing | 取卡断电 | 剩余 {0} 元 | 用电 {1} 度
ended | 刷卡退款 | 用 {0} 元 | 应退 {1} 元
used | 使用结束 | 用 {0} 元 | 余额 {1} 元
used_account | 使用结束 | 用 {0} 元 | 从账户扣款
put_back | 请把卡放回 | {0} 元未完成 | * 放弃
turned_away | 服务器拒绝 | {0} | {1}
here | {0} 号机 | 在这里
last_paid | 断电前已支付 | {2} 元 | 卡 ..{0}  {1} | * 清除
last_unpaid | 断电前未支付 | {2} 元 | 卡 ..{0}  {1} | * 清除
last_grey | 请把卡放回 | {2} 元未确定 | 卡 ..{0}  {1} | * 清除
paid_before | 断电前已支付 | {2} 元 {1} | # 再付一次 | * 不再付
safe_mode | {0} 号安全模式 | 暂停服务 | 待上传 {1} 条 | 请联系技术员
no_reader | 读卡器无应答 | 请检查连线 | 暂停服务
"""

OFFLINE = "脱机已付"  # the first row of what was paid then
HOLDERS = {1: "教工", 2: "学生", 3: "临时"}
MINUTES = "{} 分钟"
HOURS = "{} 时 {} 分"
DAYS = "{} 天 {} 时"
AGO = "{}前"
UNKNOWN = "时间未知"
