"""What `jianghu demo` says, in English and in Chinese."""

WORDS: dict[str, tuple[str, str]] = {
    "welcome": (
        "Jianghu: a novel goes in, a small language model that has read it comes out.\n"
        "The novel is 三国演义 (Romance of the Three Kingdoms). All of this runs on your processor, "
        "in about ten minutes.\n"
        "You may stop at any time with Ctrl-C; the same command goes on where it was.",
        "江湖：把一部小说放进去，得到一个读过它的小语言模型。\n"
        "这里用的是《三国演义》。全部在您的处理器上运行，大约十分钟。\n"
        "随时可以按 Ctrl-C 停下；再次输入同一条命令就会接着做。",
    ),
    "fresh": ("Nothing to do: it is there already and nothing has changed.", "已经做好，没有变化，跳过。"),
    "books_name": ("Books", "书"),
    "books_what": (
        "Reading the file: finding its encoding, its chapters, and what does not belong to the novel.",
        "读取文件：识别编码和章回，找出不属于小说的内容。",
    ),
    "books_done": (
        "{name}: {chapters} chapters, {characters_after:,} characters; cleaning took out {removed:,}.",
        "《{name}》：{chapters} 回，{characters_after:,} 字；清理掉 {removed:,} 字。",
    ),
    "prepare_name": ("Prepare", "准备"),
    "prepare_what": (
        "Learning a vocabulary of character groups, and setting a tenth of the text aside for an honest test.",
        "学习词表（常见的字组），并留出十分之一的文字，用来诚实地检验。",
    ),
    "prepare_done": (
        "{vocab_size:,} tokens in the vocabulary, {characters_per_token} characters each; "
        "{train_characters:,} characters to learn from, {val_characters:,} held out in {val_stretches} places.",
        "词表 {vocab_size:,} 个词元，平均每个 {characters_per_token} 字；"
        "{train_characters:,} 字用来学习，在 {val_stretches} 处共留出 {val_characters:,} 字。",
    ),
    "pretrain_name": ("Pretrain", "预训练"),
    "pretrain_what": (
        "A network that knows nothing reads the novel again and again, guessing each next token. Most time goes here.",
        "一个一无所知的网络反复阅读小说，猜每一个下一个词元。大部分时间花在这里。",
    ),
    "pretrain_done": (
        "Best at step {best_step}: {best_val:.3f} bits per held-out character (lower is better).",
        "第 {best_step} 步最好：每个未见过的字 {best_val:.3f} 比特（越低越好）。",
    ),
    "synth_name": ("Records", "问答"),
    "synth_what": (
        "Making questions and answers from the novel, each with its place in the text.",
        "由小说生成问题和答案，每条都记下在书中的出处。",
    ),
    "synth_done": (
        "{bundled:,} about the novel that come with Jianghu, {cloze:,} cut from the text; {train:,} to learn; "
        "held out: {paraphrase:,} in new words, {val:,} and {test:,} on facts of their own.",
        "随软件附带 {bundled:,} 条，由文本生成 {cloze:,} 条；{train:,} 条用来学习；"
        "留作检验：换问法的 {paraphrase:,} 条，另外的事实 {val:,} 条和 {test:,} 条。",
    ),
    "sft_name": ("Fine-tune", "微调"),
    "sft_what": (
        "The model learns to answer: it sees questions and is graded on the answers alone.",
        "模型学习回答问题：看到问题，只按答案打分。",
    ),
    "sft_done": (
        "Best at step {best_step}: {best_score:.1%} right answers to questions about taught facts in words that "
        "it was not trained on. That checkpoint takes the exam.",
        "第 {best_step} 步最好：换了问法的问题答对 {best_score:.1%}。用这一步去考试。",
    ),
    "eval_name": ("Exam", "考试"),
    "eval_what": (
        "The model answers without the book: facts it was taught, in the same words and in new ones, and facts that "
        "nobody asked it about.",
        "闭卷考试：教过的事实（原题和换问法），以及从未问过的事实。",
    ),
    "eval_done": ("{questions:,} questions answered.", "回答了 {questions:,} 个问题。"),
    "closing": ("Done.", "完成。"),
    "curve_title": ("bits per character over steps of pretraining", "预训练各步的每字比特数"),
    "samples_title": ("How it continues the same words, before and after reading", "读书前后，接着同样的开头写"),
    "step": ("step {step}", "第 {step} 步"),
    "exam_title": ("The exam", "考试成绩"),
    "exam_note": (
        "What it was taught in a dozen wordings the model also knows in words that it never saw; of facts it was never "
        "asked about it knows next to nothing. That takes more records, bigger models, more time.",
        "用十几种问法教过的事实，换成没见过的问法模型也能回答；没教过的事实几乎答不出，"
        "那需要更多的问答、更大的模型、更长的训练。",
    ),
    "answers_title": ("Some answers, right and wrong", "几个回答，有对有错"),
    "answers_question": ("question", "问题"),
    "answers_answer": ("the model's answer", "模型的回答"),
    "answers_reference": ("reference", "参考答案"),
    "where_title": ("Where everything lies", "东西都在哪里"),
    "where": (
        "{dir}/jianghu.toml        all settings, with comments\n"
        "{dir}/data/               chapters, tokenizer, tokens, records\n"
        "{dir}/runs/base/          the pretrained model: checkpoints, metrics.jsonl, samples.jsonl, tensorboard\n"
        "{dir}/runs/chat/          the fine-tuned model; each checkpoint is a Hugging Face folder\n"
        "{dir}/evals/              every answer of the exam",
        "{dir}/jianghu.toml        全部设置，带注释\n"
        "{dir}/data/               章回、分词器、词元、问答\n"
        "{dir}/runs/base/          预训练模型：检查点、metrics.jsonl、samples.jsonl、tensorboard\n"
        "{dir}/runs/chat/          微调模型；每个检查点都是 Hugging Face 文件夹\n"
        "{dir}/evals/              考试的每一个回答",
    ),
    "next_title": ("What next", "接下来"),
    "ask": (
        "Five questions as a reader would ask them; the model was not trained on these words",
        "像读者那样问五个问题；训练时没有见过这样的问法",
    ),
    "next": (
        "talk to it          {jianghu} -C {dir} chat chat\n"
        "ask one question    {jianghu} -C {dir} ask chat {question}\n"
        "let it write on     {jianghu} -C {dir} sample base --prompt 却说曹操\n"
        "talk in a browser   {jianghu} -C {dir} serve\n"
        "everything it did   {jianghu} -C {dir} report\n"
        "books of your own   {jianghu} init shelf",
        "和它聊天      {jianghu} -C {dir} chat chat\n"
        "问一个问题    {jianghu} -C {dir} ask chat {question}\n"
        "让它接着写    {jianghu} -C {dir} sample base --prompt 却说曹操\n"
        "在浏览器里聊  {jianghu} -C {dir} serve\n"
        "看全部结果    {jianghu} -C {dir} report\n"
        "放入自己的书  {jianghu} init shelf",
    ),
}
