// Words of the room Report.

export const WORDS = {
  lead: ["Everything that was done, in one page that works without network.", "做过的一切，汇成一个不联网也能看的网页。"],
  made: ["Made {when} · {size} MB · works without network", "生成于 {when} · {size} MB · 不联网也能看"],
  make: ["Make the report", "生成报告"],
  make_again: ["Make it anew", "重新生成"],
  make_help: [
    "It reads the runs, samples and exams of this shelf. That takes some seconds.",
    "它会读取本书架的训练、样例和考试，需要几秒钟。",
  ],
  with_model: ["A model that answers in it", "在报告里回答的模型"],
  no_model: ["none", "不放"],
  save: ["Download", "下载"],
  own_tab: ["In a tab of its own", "在新标签页打开"],
  none_yet: ["No report has been made yet", "还没有生成报告"],
  none_yet_help: [
    "The report shows the books, the curves of every run, samples before and after, exams with intervals, and what to do next: one file, to keep or to hand on.",
    "报告展示书籍、每次训练的曲线、训练前后的样例、带区间的考试成绩，以及下一步建议：一个文件，可以保存或转给别人。",
  ],
  missing: ["To make one, install: pip install \"jianghu[report]\" (missing: {names}).", "生成报告需要安装：pip install \"jianghu[report]\"（缺少：{names}）。"],
  with_key: ["This server asks for a key, which a frame cannot carry: download the report to read it.", "这台服务器需要密钥，内嵌页面无法携带：请下载报告后阅读。"],
  key_make: ["make the report", "生成报告"],
  key_open: ["open it in a tab of its own", "在新标签页打开"],
};
